/**
 * Statistics in the form of Knative's activators, for an autoscaler of Knative's: websocket messages each second and, for a
 * revision that was quiet, at once. Its receiver adds reports up, so what was said ahead is taken off the next one.
 * https://github.com/knative/serving/blob/main/pkg/activator/handler/concurrency_reporter.go
 */
import { ConcurrencyReporter } from '@sluice/admission';
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { emptyStat, type StatMessage, type StatSender } from '@sluice/stats';

export interface StockStatisticsOptions {
  readonly sender: StatSender;
  /** Whose statistics they are. */
  readonly podName: string;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Knative's `reportInterval`. Milliseconds. */
const REPORT_PERIOD_MS = 1000;

/** What was said ahead: one request, as Knative says it. */
const SAID_AHEAD = 1;

export class StockStatistics {
  readonly #options: StockStatisticsOptions;
  /** Knative's says ahead that load has begun, and not that it has risen. */
  readonly #reporter = new ConcurrencyReporter(Number.POSITIVE_INFINITY);
  /** Revisions of which something was said ahead since the last report. */
  readonly #ahead = new Set<string>();
  #timer: Timer | undefined;

  constructor(options: StockStatisticsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.sender.start();
    this.#timer = this.#options.timers.every(REPORT_PERIOD_MS, () => this.#report());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#report();
    this.#options.sender.stop();
  }

  requestIn(revision: string, now: number): void {
    if (!this.#reporter.requestIn(revision, now)) return;
    this.#ahead.add(revision);
    this.#options.sender.send([this.#message(revision, SAID_AHEAD, SAID_AHEAD)]);
  }

  requestOut(revision: string, now: number): void {
    this.#reporter.requestOut(revision, now);
  }

  #report(): void {
    const reports = this.#reporter.report(this.#options.clock.now());
    if (reports.length > 0) {
      this.#options.sender.send(
        reports.map(({ revision, averageConcurrency, requestCount }) => {
          const saidAhead = this.#ahead.has(revision) ? SAID_AHEAD : 0;
          // Of the two only the first is kept from being less than nothing.
          return this.#message(revision, Math.max(0, averageConcurrency - saidAhead), requestCount - saidAhead);
        }),
      );
    }
    this.#ahead.clear();
  }

  #message(revision: string, averageConcurrentRequests: number, requestCount: number): StatMessage {
    const slash = revision.indexOf('/');
    const stat = { ...emptyStat(this.#options.podName), averageConcurrentRequests, requestCount };
    return { namespace: revision.slice(0, slash), name: revision.slice(slash + 1), stat };
  }
}
