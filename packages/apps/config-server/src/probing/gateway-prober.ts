/**
 * Asks every gateway pod that is ready whether it serves the content of an Ingress, before the Ingress is called ready: a pod that takes requests
 * and is connected to another replica, or to none yet, has acknowledged nothing here.
 * https://github.com/knative/networking/blob/main/pkg/status/status.go
 */
import type { Random, Timer, Timers } from '@sluice/kernel';

/** One listener of one gateway pod. */
export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
}

/** What is to be heard everywhere. */
export interface ProbedContent {
  /** `K-Network-Hash` of it. */
  readonly hash: string;
  /** The first host of each rule, and which listeners have it. */
  readonly hosts: readonly { readonly host: string; readonly isExternal: boolean }[];
}

/** `hash` is empty where the answer has none. */
export type ProbeAnswer = { readonly kind: 'answer'; readonly status: number; readonly hash: string } | { readonly kind: 'none' };

export interface GatewayProberOptions {
  /** Gateway pods that are ready now, for clients outside or in the cluster. Empty where none is known. */
  readonly targets: (isExternal: boolean) => readonly ProbeTarget[];
  /** Never rejects. */
  readonly ask: (target: ProbeTarget, host: string) => Promise<ProbeAnswer>;
  readonly timers: Timers;
  readonly random: Random;
  /** All pods have it. */
  readonly onReady: (owner: string, hash: string) => void;
}

/** Knative's: so many at once, and between two tries from 50 ms to 30 s. */
const atOnceMax = 15;
const backOff = { firstMs: 50, maxMs: 30_000 };

interface Work {
  readonly content: ProbedContent;
  /** Targets and hosts that have answered. */
  readonly done: Set<string>;
  tries: number;
  timer: Timer | undefined;
}

export class GatewayProber {
  readonly #options: GatewayProberOptions;
  readonly #work = new Map<string, Work>();
  readonly #waiting: (() => void)[] = [];
  #asking = 0;
  #isStopped = false;

  constructor(options: GatewayProberOptions) {
    this.#options = options;
  }

  /** Content that is being asked for already goes on being so; other content of the same owner is forgotten. */
  probe(owner: string, content: ProbedContent): void {
    if (this.#isStopped || this.#work.get(owner)?.content.hash === content.hash) return;
    this.cancel(owner);
    const work: Work = { content, done: new Set(), tries: 0, timer: undefined };
    this.#work.set(owner, work);
    void this.#look(owner, work);
  }

  cancel(owner: string): void {
    this.#work.get(owner)?.timer?.cancel();
    this.#work.delete(owner);
  }

  stop(): void {
    this.#isStopped = true;
    for (const owner of this.#work.keys()) this.cancel(owner);
    for (const next of this.#waiting.splice(0)) next();
  }

  /** Which pods there are is looked up each time: one that has gone is waited for no longer, one that has come is asked too. */
  async #look(owner: string, work: Work): Promise<void> {
    const missing = this.#missing(work);
    await Promise.all(missing.map(async ({ key, target, host }) => ((await this.#has(owner, work, target, host)) ? work.done.add(key) : undefined)));
    if (this.#work.get(owner) !== work) return;
    if (this.#missing(work).length === 0) {
      this.#work.delete(owner);
      this.#options.onReady(owner, work.content.hash);
      return;
    }
    const { timers, random } = this.#options;
    const delayMs = Math.min(backOff.maxMs, backOff.firstMs * 2 ** work.tries) * (1 + random.next() / 10);
    work.tries += 1;
    work.timer = timers.after(delayMs, () => void this.#look(owner, work));
  }

  #missing({ content, done }: Work): { readonly key: string; readonly target: ProbeTarget; readonly host: string }[] {
    return content.hosts.flatMap(({ host, isExternal }) =>
      this.#options
        .targets(isExternal)
        .map((target) => ({ key: `${target.address} ${target.port} ${host}`, target, host }))
        .filter(({ key }) => !done.has(key)),
    );
  }

  async #has(owner: string, work: Work, target: ProbeTarget, host: string): Promise<boolean> {
    while (this.#asking >= atOnceMax && !this.#isStopped) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#work.get(owner) !== work) return false;
    this.#asking += 1;
    try {
      return isServed(await this.#options.ask(target, host), work.content.hash);
    } finally {
      this.#asking -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Whoever answers something else than a gateway would (a redirect to HTTPS, say) does not know the question, and has the host all the same. */
function isServed(answer: ProbeAnswer, hash: string): boolean {
  if (answer.kind === 'none') return false;
  if (answer.status === 404 || answer.status === 503) return false;
  return answer.status !== 200 || answer.hash === '' || answer.hash === hash;
}
