/**
 * Asks the program whether it is ready: one round of questions at a time, in which all probes must succeed;
 * whoever asks meanwhile gets that round's answer.
 *
 * A probe without a period is asked eagerly: again and again until it has succeeded often enough in a row, or
 * ten seconds have passed. https://github.com/knative/serving/blob/main/pkg/queue/readiness/probe.go
 */
import type { Clock, Connection, Logger, Network, Timers } from '@sluice/kernel';
import { probeHttp, probeTcp, type ReadinessProber } from '@sluice/proxy';
import type { LateProbes } from './late-probes.ts';
import type { ProbeTarget, ProgramProbe } from './program-probe.ts';

export interface ProgramProberOptions {
  readonly probes: readonly ProgramProbe[];
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Takes the connection by which the program was found to listen. Default: it is closed. */
  readonly keep?: (connection: Connection, port: number) => void;
  /** Whether the program is asked over HTTP/2 first where HTTP is what it is asked by. Default false. */
  readonly detectsHttp2?: boolean;
  /** Loads what asks over HTTP/2, gRPC and HTTPS. Default ours. */
  readonly loadLateProbes?: () => Promise<LateProbes>;
}

/** How long an eager round may take. Knative's `pollTimeout`. Milliseconds. */
const EAGER_TIMEOUT_MS = 10_000;
/** How long one eager question may take. Knative's `aggressiveProbeTimeout`. Milliseconds. */
const EAGER_QUESTION_TIMEOUT_MS = 100;
/** Time between eager questions. Knative's `aggressivePollInterval`. Milliseconds. */
const EAGER_INTERVAL_MS = 50;
/**
 * In the first two seconds of a round the questions come closer together: half of this is added to every cold
 * start, and a refused connection costs some tenths of a ms when it is among the first. Chosen: most quick programs listen within half a second, which is 170 questions.
 */
const EARLIEST_INTERVAL_MS = 3;
const EARLIEST_MS = 500;
const EARLY_INTERVAL_MS = 10;
const EARLY_MS = 2000;

/** Redirects that are followed, as Go's client. */
const REDIRECTS_MAX = 10;

/** The program's address: it shares this pod's network. */
const programHost = '127.0.0.1';

/** Our name as a prober. Programs know kubelets by the beginning of it. */
const userAgent = 'kube-probe/';

export class ProgramProber implements ReadinessProber {
  readonly #options: ProgramProberOptions;
  readonly #probes: readonly CountedProbe[];
  #waiting: ((isReady: boolean) => void)[] = [];

  constructor(options: ProgramProberOptions) {
    this.#options = options;
    this.#probes = options.probes.map((probe) => ({ probe, successes: 0 }));
  }

  probe(onResult: (isReady: boolean) => void): void {
    this.#waiting.push(onResult);
    if (this.#waiting.length === 1) this.#round();
  }

  #round(): void {
    let open = this.#probes.length;
    let areAllReady = true;
    for (const counted of this.#probes) {
      this.#askUntilKnown(counted, this.#options.clock.now(), (failure) => {
        open -= 1;
        if (failure !== undefined) {
          areAllReady = false;
          this.#options.logger.debug('program not ready', { port: counted.probe.target.port, reason: failure });
        }
        if (open === 0) this.#finish(areAllReady);
      });
    }
  }

  #finish(isReady: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const onResult of waiting) onResult(isReady);
  }

  #askUntilKnown(counted: CountedProbe, startedAt: number, onKnown: (failure: string | undefined) => void): void {
    const { probe } = counted;
    const isEager = probe.periodSeconds === 0;
    this.#ask(probe, isEager ? EAGER_QUESTION_TIMEOUT_MS : probe.timeoutSeconds * 1000, (failure) => {
      if (!isEager) return onKnown(failure);
      // Successes in a row count across rounds too: a threshold may need longer than one round lasts.
      counted.successes = failure === undefined ? counted.successes + 1 : 0;
      if (counted.successes >= probe.successThreshold) {
        counted.successes = 0;
        return onKnown(undefined);
      }
      const elapsedMs = this.#options.clock.now() - startedAt;
      if (elapsedMs >= EAGER_TIMEOUT_MS) return onKnown(failure ?? 'not ready often enough in a row');
      const intervalMs = elapsedMs < EARLIEST_MS ? EARLIEST_INTERVAL_MS : elapsedMs < EARLY_MS ? EARLY_INTERVAL_MS : EAGER_INTERVAL_MS;
      this.#options.timers.after(intervalMs, () => this.#askUntilKnown(counted, startedAt, onKnown));
    });
  }

  #ask({ target }: ProgramProbe, timeoutMs: number, onAnswer: (failure: string | undefined) => void): void {
    const { network } = this.#options;
    const address = { host: programHost, port: target.port };
    if (target.kind === 'tcp') {
      const { keep } = this.#options;
      probeTcp(network, address, timeoutMs, onAnswer, keep && ((connection) => keep(connection, target.port)));
      return;
    }
    if (target.kind === 'grpc') {
      const question = { host: programHost, port: target.port, service: target.service, userAgent, timeoutMs };
      this.#withLateProbes((probes) => probes.askGrpc(question, onAnswer), onAnswer);
      return;
    }
    const question = { host: programHost, port: target.port, path: target.path, headers: { 'user-agent': userAgent, ...target.headers }, timeoutMs };
    if (target.isSecured) {
      this.#withLateProbes((probes) => probes.askHttps(question, onAnswer), onAnswer);
    } else if (this.#options.detectsHttp2) {
      // What it speaks is not remembered: a program that is started again may have been changed.
      const onFirstAnswer = (failure: string | undefined) => (failure === undefined ? onAnswer(undefined) : this.#askHttp1(target, target.path, timeoutMs, REDIRECTS_MAX, onAnswer));
      this.#withLateProbes((probes) => probes.askHttp2(question, onFirstAnswer), onAnswer);
    } else {
      this.#askHttp1(target, target.path, timeoutMs, REDIRECTS_MAX, onAnswer);
    }
  }

  /** Redirects within the program are followed: what counts is what a client would get in the end. */
  #askHttp1(target: HttpTarget, path: string, timeoutMs: number, redirectsLeft: number, onAnswer: (failure: string | undefined) => void): void {
    const { network, timers } = this.#options;
    const host = `${programHost}:${target.port}`;
    const headers = { 'user-agent': userAgent, ...target.headers };
    probeHttp(network, timers, { address: { host: programHost, port: target.port }, host, path, headers, timeoutMs }, (result) => {
      if (result.kind === 'failed') return onAnswer(result.reason);
      const { status, location } = result;
      const next = status >= 300 && status < 400 && location !== undefined ? pathWithin(location, `http://${host}${path}`) : undefined;
      if (next === undefined) return onAnswer(status >= 200 && status < 400 ? undefined : `answered ${status}`);
      if (redirectsLeft === 0) return onAnswer(`redirected more than ${REDIRECTS_MAX} times`);
      this.#askHttp1(target, next, timeoutMs, redirectsLeft - 1, onAnswer);
    });
  }

  #withLateProbes(use: (probes: LateProbes) => void, onAnswer: (failure: string | undefined) => void): void {
    const load = this.#options.loadLateProbes ?? (() => import('./late-probes.ts').then((module) => module.lateProbes));
    load().then(use, (reason: unknown) => onAnswer(String(reason)));
  }
}

type HttpTarget = Extract<ProbeTarget, { readonly kind: 'http' }>;

/** Of a redirect to the same server its path and query; undefined when it leads elsewhere. */
function pathWithin(location: string, base: string): string | undefined {
  const from = new URL(base);
  const to = URL.parse(location, base);
  return to && to.origin === from.origin ? `${to.pathname}${to.search}` : undefined;
}

/** A probe with the successes it has had in a row. */
interface CountedProbe {
  readonly probe: ProgramProbe;
  successes: number;
}
