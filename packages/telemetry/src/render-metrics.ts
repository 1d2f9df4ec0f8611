/**
 * The meter's numbers as Prometheus text, by prom-client's registry. prom-client only renders: on the hot path
 * it would build a key from labels for each observation (see `Meter`).
 */
import type { MetricFamily, MetricSample } from '@sluice/kernel';
import type { Registry } from 'prom-client';

export interface RenderedMetrics {
  readonly contentType: string;
  readonly text: string;
}

export interface MetricsRenderer {
  /** Everything as of now. */
  render(families: readonly MetricFamily[]): Promise<RenderedMetrics>;
}

export interface MetricsRendererOptions {
  /** Adds the process's own figures: CPU, memory, event loop, garbage collection. Default false. */
  readonly processMetrics?: boolean;
}

/** Loads prom-client, which is why it is asynchronous. */
export async function createMetricsRenderer(options: MetricsRendererOptions = {}): Promise<MetricsRenderer> {
  const { default: client } = await import('prom-client');
  const { Counter, Gauge, Histogram } = client;
  const processRegistry = new client.Registry();
  if (options.processMetrics) {
    client.collectDefaultMetrics({ register: processRegistry });
    // Gauges called as counters are; their sum by type is the same number.
    for (const kind of ['handles', 'requests', 'resources']) processRegistry.removeSingleMetric(`nodejs_active_${kind}_total`);
  }

  /** A metric whose values are ours; what a family of its type looks like, prom-client itself says. */
  class CollectedMetric extends Gauge {
    readonly #family: MetricFamily;

    constructor(family: MetricFamily) {
      super({ name: family.name, help: family.help, registers: [] });
      this.#family = family;
    }

    override async get() {
      const { name, help, type } = this.#family;
      const configuration = { name, help, registers: [] };
      if (type === 'histogram') return { ...(await new Histogram(configuration).get()), values: histogramValues(this.#family) };
      const shape = type === 'counter' ? await new Counter(configuration).get() : await new Gauge(configuration).get();
      return { ...shape, values: this.#family.samples.map(({ labels, value }) => ({ labels, value })) };
    }
  }

  return {
    async render(families) {
      const registry: Registry = client.Registry.merge([processRegistry]);
      for (const family of families) registry.registerMetric(new CollectedMetric(family));
      return { contentType: registry.contentType, text: withoutWrongTypes(await registry.metrics()) };
    },
  };
}

/**
 * Some names of Knative's end as only histograms and counters may: `kn_revision_pods_count` is a gauge. Dashboards ask for these
 * names, and Prometheus has nothing against them where no type is claimed.
 */
function withoutWrongTypes(page: string): string {
  return page.replace(/^# TYPE (\S+)_(count|sum|bucket) (?:gauge|counter)$/gm, '# TYPE $1_$2 untyped').replace(/^# TYPE (\S+_total) gauge$/gm, '# TYPE $1 untyped');
}

interface NamedValue {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** Buckets on the page are cumulative; ours are not. */
function histogramValues({ name, bounds, samples }: MetricFamily): NamedValue[] {
  return samples.flatMap((sample) => [
    ...bucketValues(name, bounds, sample),
    { metricName: `${name}_sum`, labels: { ...sample.labels }, value: sample.value },
    { metricName: `${name}_count`, labels: { ...sample.labels }, value: sample.count ?? 0 },
  ]);
}

function bucketValues(name: string, bounds: readonly number[], sample: MetricSample): NamedValue[] {
  let total = 0;
  return (sample.buckets ?? []).map((count, index) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...sample.labels, le: bounds[index] ?? '+Inf' }, value: total };
  });
}
