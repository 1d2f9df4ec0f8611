/**
 * Asks the program whether it is ready: one round of questions at a time, in which all probes must succeed;
 * whoever asks meanwhile gets that round's answer.
 *
 * A probe without a period is asked eagerly: again and again until it has succeeded often enough in a row, or
 * ten seconds have passed. https://github.com/knative/serving/blob/main/pkg/queue/readiness/probe.go
 */
import type { Clock, Logger, Network, Timers } from '@sluice/kernel';
import { probeHttp, probeTcp, type ReadinessProber } from '@sluice/proxy';
import type { ProgramProbe } from './program-probe.ts';

export interface ProgramProberOptions {
  readonly probes: readonly ProgramProbe[];
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** How long an eager round may take. Knative's `pollTimeout`. Milliseconds. */
const EAGER_TIMEOUT_MS = 10_000;
/** How long one eager question may take. Knative's `aggressiveProbeTimeout`. Milliseconds. */
const EAGER_QUESTION_TIMEOUT_MS = 100;
/** Time between eager questions. Knative's `aggressivePollInterval`. Milliseconds. */
const EAGER_INTERVAL_MS = 50;
/**
 * In the first two seconds of a round the questions come closer together: half of this is added to every cold
 * start, and a refused connection on loopback costs some 30 µs. Chosen: 100 questions a second at most.
 */
const EARLY_INTERVAL_MS = 10;
const EARLY_MS = 2000;

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
      const intervalMs = elapsedMs < EARLY_MS ? EARLY_INTERVAL_MS : EAGER_INTERVAL_MS;
      this.#options.timers.after(intervalMs, () => this.#askUntilKnown(counted, startedAt, onKnown));
    });
  }

  #ask({ target }: ProgramProbe, timeoutMs: number, onAnswer: (failure: string | undefined) => void): void {
    const { network, timers } = this.#options;
    const address = { host: programHost, port: target.port };
    if (target.kind === 'tcp') {
      probeTcp(network, address, timeoutMs, onAnswer);
      return;
    }
    const headers = { 'user-agent': userAgent, ...target.headers };
    const host = `${programHost}:${target.port}`;
    probeHttp(network, timers, { address, host, path: target.path, headers, timeoutMs }, (result) => {
      if (result.kind === 'failed') onAnswer(result.reason);
      else onAnswer(result.status >= 200 && result.status < 400 ? undefined : `answered ${result.status}`);
    });
  }
}

/** A probe with the successes it has had in a row. */
interface CountedProbe {
  readonly probe: ProgramProbe;
  successes: number;
}
