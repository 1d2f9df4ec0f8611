/** Load that is told of ahead of its time, when it has begun or risen: at once, and once more when the burst is over. */
import type { Timers } from '@sluice/kernel';
import type { LoadReporter } from './stats-reporter.ts';

/**
 * How long after the first word the second follows, in ms. A burst arrives within milliseconds, and the report of its first
 * request can speak of that one only; the regular report may be a second away. Chosen: long enough for a burst of a
 * thousand, short beside the start of a pod.
 */
const FOLLOW_UP_MS = 50;

export class AheadReports {
  readonly #reporter: Pick<LoadReporter, 'reportNow'>;
  readonly #timers: Timers;
  readonly #due = new Set<string>();

  constructor(reporter: Pick<LoadReporter, 'reportNow'>, timers: Timers) {
    this.#reporter = reporter;
    this.#timers = timers;
  }

  tell(cluster: string): void {
    this.#reporter.reportNow(cluster);
    if (this.#due.has(cluster)) return;
    this.#due.add(cluster);
    this.#timers.after(FOLLOW_UP_MS, () => {
      this.#due.delete(cluster);
      this.#reporter.reportNow(cluster);
    });
  }
}
