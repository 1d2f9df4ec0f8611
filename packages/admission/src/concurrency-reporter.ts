/**
 * What an activator tells the autoscaler: per revision, how many requests were here on average over the last
 * second, and at once when the first one comes for a revision that was quiet, since a pod may have to start
 * for it. Knative's rule: https://github.com/knative/serving/blob/main/pkg/activator/handler/concurrency_reporter.go
 */
import { RequestStats } from './request-stats.ts';

/** One revision's figures from one activator. */
export interface ConcurrencyReport {
  /** `namespace/name`. */
  readonly revision: string;
  readonly averageConcurrency: number;
  readonly requestCount: number;
}

interface RevisionRecord {
  readonly stats: RequestStats;
  /** Requests said ahead of time, and so taken off the next report. */
  reportedAhead: number;
}

export class ConcurrencyReporter {
  readonly #records = new Map<string, RevisionRecord>();

  /**
   * A request came in, before it waits for anything.
   * @returns whether the revision was quiet until now: then the autoscaler is to be told at once
   */
  requestIn(revision: string, now: number): boolean {
    const known = this.#records.get(revision);
    if (known) {
      known.stats.requestIn(now, false);
      return false;
    }
    const stats = new RequestStats(now);
    stats.requestIn(now, false);
    this.#records.set(revision, { stats, reportedAhead: 0 });
    return true;
  }

  /**
   * What to say ahead of the regular report: how many requests are here now that have not been spoken of.
   * Undefined when there are none.
   */
  reportAhead(revision: string): ConcurrencyReport | undefined {
    const record = this.#records.get(revision);
    const unspoken = record ? record.stats.concurrency - record.reportedAhead : 0;
    if (!record || unspoken <= 0) return undefined;
    record.reportedAhead += unspoken;
    return { revision, averageConcurrency: unspoken, requestCount: unspoken };
  }

  /** A request's stream ended. */
  requestOut(revision: string, now: number): void {
    this.#records.get(revision)?.stats.requestOut(now, false);
  }

  /** Requests of `revision` here now, waiting ones included. */
  concurrency(revision: string): number {
    return this.#records.get(revision)?.stats.concurrency ?? 0;
  }

  /**
   * The regular report, one line per revision that was not quiet. A revision whose average was exactly 0 is
   * reported once more, with 0, and then forgotten until its next request.
   */
  report(now: number): ConcurrencyReport[] {
    const reports: ConcurrencyReport[] = [];
    for (const [revision, record] of this.#records) {
      const { averageConcurrency, requestCount } = record.stats.report(now);
      if (averageConcurrency === 0 && requestCount === 0 && record.stats.concurrency === 0) this.#records.delete(revision);
      reports.push({
        revision,
        averageConcurrency: Math.max(0, averageConcurrency - record.reportedAhead),
        // Not floored: the early report counted a request that this period counts again.
        requestCount: requestCount - record.reportedAhead,
      });
      record.reportedAhead = 0;
    }
    return reports;
  }
}
