/** A meter's families as OTLP has them in JSON, under the names that OpenTelemetry gives what Prometheus calls otherwise. */
import type { LabelValues, MetricFamily, MetricSample } from '@sluice/kernel';
import { knativeLabels, knativeMetrics } from './knative-names.ts';

/** Sums since the start. */
const CUMULATIVE = 2;

/** Times are wall times in ms. */
export function describeMetrics(families: readonly MetricFamily[], resource: Readonly<Record<string, string>>, startedAt: number, now: number): object {
  const times = { startTimeUnixNano: nanoseconds(startedAt), timeUnixNano: nanoseconds(now) };
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource, (name) => name) },
        scopeMetrics: [{ scope: { name: 'sluice' }, metrics: families.filter(({ samples }) => samples.length > 0).map((family) => describeFamily(family, times)) }],
      },
    ],
  };
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

function describeFamily({ name, help, type, bounds, samples }: MetricFamily, times: Times): object {
  // Dots cannot be seen in Prometheus' form; of what is not Knative's the name is kept.
  const { openTelemetry, unit } = knativeMetrics[name] ?? { openTelemetry: name, unit: '' };
  const metric = { name: openTelemetry, description: help, unit };
  const points = samples.map((sample) => ({ ...times, attributes: attributesOf(sample.labels, (label) => knativeLabels[label]?.openTelemetry ?? label), ...valueOf(sample, type, bounds) }));
  switch (type) {
    case 'counter':
      return { ...metric, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: points } };
    case 'gauge':
      return { ...metric, gauge: { dataPoints: points } };
    case 'histogram':
      return { ...metric, histogram: { aggregationTemporality: CUMULATIVE, dataPoints: points } };
  }
}

/** 64-bit integers stand in JSON as texts. */
function valueOf({ value, count = 0, buckets = [] }: MetricSample, type: MetricFamily['type'], bounds: readonly number[]): object {
  if (type !== 'histogram') return { asDouble: value };
  return { count: String(count), sum: value, bucketCounts: buckets.map(String), explicitBounds: bounds };
}

function attributesOf(labels: LabelValues, rename: (name: string) => string): readonly object[] {
  return Object.entries(labels).map(([name, value]) => ({ key: rename(name), value: { stringValue: value } }));
}

function nanoseconds(wallTimeMs: number): string {
  return String(BigInt(Math.round(wallTimeMs)) * 1_000_000n);
}
