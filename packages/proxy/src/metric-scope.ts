/** The numbers of one thing that may go: each is known by name, so that others with the same labels stay. */
import type { Counter, Gauge, Histogram, LabelValues, Meter, MetricFamily } from '@sluice/kernel';

export class MetricScope implements Meter {
  readonly #meter: Meter;
  readonly #labels: LabelValues;
  readonly #names = new Set<string>();

  /** @param labels which all that goes with this scope carries */
  constructor(meter: Meter, labels: LabelValues) {
    this.#meter = meter;
    this.#labels = labels;
  }

  counter(name: string, help: string, labels?: LabelValues): Counter {
    this.#names.add(name);
    return this.#meter.counter(name, help, labels);
  }

  gauge(name: string, help: string, labels?: LabelValues): Gauge {
    this.#names.add(name);
    return this.#meter.gauge(name, help, labels);
  }

  observedGauge(name: string, help: string, read: () => number, labels?: LabelValues): void {
    this.#names.add(name);
    this.#meter.observedGauge(name, help, read, labels);
  }

  histogram(name: string, help: string, bounds: readonly number[], labels?: LabelValues): Histogram {
    this.#names.add(name);
    return this.#meter.histogram(name, help, bounds, labels);
  }

  remove(labels: LabelValues, names?: ReadonlySet<string>): void {
    this.#meter.remove(labels, names);
  }

  collect(): MetricFamily[] {
    return this.#meter.collect();
  }

  /** The thing has gone, and its numbers with it. */
  close(): void {
    this.#meter.remove(this.#labels, this.#names);
  }
}
