/**
 * The sidecar's figures for whoever scales: pushed to the config service, and kept for an autoscaler that
 * scrapes. Both read the same counters, so whichever comes second within a second sees what the first has seen.
 */
import { RequestStats, type RequestReport } from '@sluice/admission';

/** One report with the time it covers. */
export interface TimedReport extends RequestReport {
  readonly intervalMs: number;
}

/** How old the last report may be before a scrape makes a new one. Knative's reporting period. Milliseconds. */
const SCRAPE_PERIOD_MS = 1000;

export class LoadMeter {
  readonly stats: RequestStats;
  #lastReportAt: number;
  #last: TimedReport | undefined;

  /** Called when load has risen so far that a report should not wait for its time. */
  onRise: () => void = () => {};

  /** @param riseMin so much in flight is not worth a report ahead of time */
  constructor(now: number, riseMin?: number) {
    this.stats = new RequestStats(now, riseMin);
    this.#lastReportAt = now;
  }

  /** What has happened since the last report. */
  report(now: number): TimedReport {
    const intervalMs = now - this.#lastReportAt;
    this.#lastReportAt = now;
    const report = { ...this.stats.report(now), intervalMs };
    // A report over no time says nothing about how many there were on average.
    if (intervalMs > 0) this.#last = report;
    return report;
  }

  /** What can be said before it is time: how many are here now. The next report is what it would have been. */
  ahead(): TimedReport {
    return { ...this.stats.ahead(), intervalMs: 0 };
  }

  /** The last report, made now if it is older than a second; undefined in the first second. */
  latest(now: number): TimedReport | undefined {
    return now - this.#lastReportAt >= SCRAPE_PERIOD_MS ? this.report(now) : this.#last;
  }
}
