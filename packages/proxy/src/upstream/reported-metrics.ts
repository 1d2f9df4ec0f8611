/** Sums of what hosts report with their responses, by name, until somebody passes them on (`lrs_report_endpoint_metrics`). */
import type { Host, LoadReport } from '@sluice/balancing';

/** Over how many responses, and their sum. */
export interface MetricSum {
  readonly requests: number;
  readonly total: number;
}

export type MetricSums = Readonly<Record<string, MetricSum>>;

/** Names of one host between two reports; more are left out. As many as one response may bring. */
const namesMax = 64;

export class ReportedMetrics {
  readonly #names = new Set<string>();
  /** `named_metrics.` of `named_metrics.*`. */
  readonly #prefixes: readonly string[];
  #sums = new WeakMap<Host, Map<string, { requests: number; total: number }>>();

  /** @param names each a field of the report, or all of a map: `cpu_utilization`, `named_metrics.x`, `named_metrics.*` */
  constructor(names: readonly string[]) {
    this.#prefixes = names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
    for (const name of names) if (!name.endsWith('.*')) this.#names.add(name);
  }

  add(host: Host, { named }: LoadReport): void {
    for (const [name, value] of named) {
      if (!this.#names.has(name) && !this.#prefixes.some((prefix) => name.startsWith(prefix))) continue;
      const ofHost = this.#sums.get(host) ?? new Map<string, { requests: number; total: number }>();
      this.#sums.set(host, ofHost);
      const sum = ofHost.get(name);
      if (sum) {
        sum.requests += 1;
        sum.total += value;
      } else if (ofHost.size < namesMax) {
        ofHost.set(name, { requests: 1, total: value });
      }
    }
  }

  /** What there is of a host; it begins anew. */
  take(host: Host): MetricSums {
    const sums = this.#sums.get(host);
    this.#sums.delete(host);
    return sums ? Object.fromEntries(sums) : {};
  }

  clear(): void {
    this.#sums = new WeakMap();
  }
}
