/** How finding the endpoints of one cluster goes, under Envoy's names. For clusters whose names are resolved here. */
import type { Counter, LabelValues, Meter } from '@sluice/kernel';

export class DiscoveryStatistics {
  readonly attempts: Counter;
  readonly successes: Counter;
  readonly failures: Counter;
  readonly empties: Counter;
  readonly unchanged: Counter;

  constructor(meter: Meter, labels: LabelValues) {
    const counter = (rest: string, help: string) => meter.counter(`envoy_cluster_update_${rest}`, help, labels);
    this.attempts = counter('attempt', 'lookups begun');
    this.successes = counter('success', 'lookups that were answered');
    this.failures = counter('failure', 'lookups that had no answer');
    this.empties = counter('empty', 'lookups that found no address');
    this.unchanged = counter('no_rebuild', 'lookups that found the same addresses as before');
  }
}
