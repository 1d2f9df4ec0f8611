/**
 * What an activator tells the autoscaler: per revision, how many requests were here on average since the last
 * report, and at once when the first one comes for a revision that was quiet, since a pod may have to start for it, or
 * when they have grown by half since they were last told of, since more pods may have to.
 *
 * Each report stands until the next one replaces it. Knative's activator
 * (https://github.com/knative/serving/blob/main/pkg/activator/handler/concurrency_reporter.go) takes what it has said
 * ahead of time off its next report, because its receiver adds reports up; ours does not.
 */
import { RequestStats } from './request-stats.ts';

/** One revision's figures from one activator. */
export interface ConcurrencyReport {
  /** `namespace/name`. */
  readonly revision: string;
  readonly averageConcurrency: number;
  readonly requestCount: number;
}

const RISE_MIN = 2;

export class ConcurrencyReporter {
  readonly #revisions = new Map<string, RequestStats>();
  readonly #riseMin: number;

  /** @param riseMin fewer in flight are, after the first, not worth a word ahead of time. Default 2; infinite: only the first is */
  constructor(riseMin = RISE_MIN) {
    this.#riseMin = riseMin;
  }

  /**
   * A request came in, before it waits for anything.
   * @returns whether the revision was quiet until now, or busy with much less: then the autoscaler is to be told at once
   */
  requestIn(revision: string, now: number): boolean {
    const known = this.#revisions.get(revision);
    const stats = known ?? new RequestStats(now, this.#riseMin);
    const hasRisen = stats.requestIn(now, false);
    if (known) return hasRisen;
    this.#revisions.set(revision, stats);
    return true;
  }

  /** What to say ahead of the regular report: how many requests are here now. Undefined when the revision is quiet. */
  reportAhead(revision: string): ConcurrencyReport | undefined {
    const stats = this.#revisions.get(revision);
    if (!stats || stats.concurrency === 0) return undefined;
    const { averageConcurrency, requestCount } = stats.ahead();
    return { revision, averageConcurrency, requestCount };
  }

  /** A request's stream ended. */
  requestOut(revision: string, now: number): void {
    this.#revisions.get(revision)?.requestOut(now, false);
  }

  /** Requests of `revision` here now, waiting ones included. */
  concurrency(revision: string): number {
    return this.#revisions.get(revision)?.concurrency ?? 0;
  }

  /**
   * The regular report, one line per revision that was not quiet. A revision whose average was exactly 0 is
   * reported once more, with 0, and then forgotten until its next request.
   */
  report(now: number): ConcurrencyReport[] {
    const reports: ConcurrencyReport[] = [];
    for (const [revision, stats] of this.#revisions) {
      const { averageConcurrency, requestCount } = stats.report(now);
      if (averageConcurrency === 0 && requestCount === 0 && stats.concurrency === 0) this.#revisions.delete(revision);
      reports.push({ revision, averageConcurrency, requestCount });
    }
    return reports;
  }
}
