/** The numbers of a cluster with subsets, under Envoy's names. Made when it is configured. */
import type { SubsetListener } from '@sluice/balancing';
import type { Counter, Gauge, LabelValues, Meter } from '@sluice/kernel';

export class SubsetStatistics implements SubsetListener {
  readonly #active: Gauge;
  readonly #created: Counter;
  readonly #removed: Counter;
  readonly #selected: Counter;
  readonly #fallbacks: Counter;
  readonly #fallbackPanics: Counter;
  readonly #duplicates: Gauge;

  constructor(meter: Meter, labels: LabelValues) {
    const name = (rest: string) => `envoy_cluster_lb_subsets_${rest}`;
    this.#active = meter.gauge(name('active'), 'subsets that have hosts', labels);
    this.#created = meter.counter(name('created'), 'subsets that came', labels);
    this.#removed = meter.counter(name('removed'), 'subsets that went', labels);
    this.#selected = meter.counter(name('selected'), 'picks in the subset that was wanted', labels);
    this.#fallbacks = meter.counter(name('fallback'), 'picks by the fallback', labels);
    this.#fallbackPanics = meter.counter(name('fallback_panic'), 'picks of any host, because the fallback had none', labels);
    this.#duplicates = meter.gauge(name('single_host_duplicate'), 'hosts beyond the one that a subset may have', labels);
  }

  onChanged({ active, created, removed, duplicates }: Parameters<SubsetListener['onChanged']>[0]): void {
    this.#active.set(active);
    this.#created.add(created);
    this.#removed.add(removed);
    this.#duplicates.set(duplicates);
  }

  onSelected(): void {
    this.#selected.add();
  }

  onFallback(): void {
    this.#fallbacks.add();
  }

  onFallbackPanic(): void {
    this.#fallbackPanics.add();
  }
}
