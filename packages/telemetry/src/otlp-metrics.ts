/** A meter's families as OpenTelemetry has them, under its names for what Prometheus calls otherwise. */
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { MetricFamily, MetricSample } from '@sluice/kernel';
import { knativeLabels, knativeMetrics } from './knative-names.ts';

export type ResourceMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];
type MetricData = ResourceMetrics['scopeMetrics'][number]['metrics'][number];
type Point = MetricData['dataPoints'][number];

/** Numbers of OpenTelemetry's enumerations, whose library would be loaded for these alone. */
const HISTOGRAM = 0;
const GAUGE = 2;
const SUM = 3;
const CUMULATIVE = 1;
const DOUBLE = 1;

export interface MetricsMoment {
  /** Attributes of whoever sends. */
  readonly resource: Readonly<Record<string, string>>;
  /** Wall times in ms: since when sums are added up, and until when. */
  readonly startedAt: number;
  readonly now: number;
}

export function describeMetrics(families: readonly MetricFamily[], { resource, startedAt, now }: MetricsMoment): ResourceMetrics {
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
  const metrics = families.filter(({ samples }) => samples.length > 0).map((family) => describeFamily(family, times));
  return { resource: resourceFromAttributes(resource), scopeMetrics: [{ scope: { name: 'sluice' }, metrics }] };
}

type Times = Pick<Point, 'startTime' | 'endTime'>;

function describeFamily({ name, help, type, bounds, samples }: MetricFamily, times: Times): MetricData {
  // Dots cannot be seen in Prometheus' form; of what is not Knative's the name is kept.
  const { openTelemetry, unit, isUpDown = false } = knativeMetrics[name] ?? { openTelemetry: name, unit: '' };
  const common = { descriptor: { name: openTelemetry, description: help, unit, valueType: DOUBLE }, aggregationTemporality: CUMULATIVE } as const;
  const point = (sample: MetricSample) => ({ ...times, attributes: attributesOf(sample.labels) });
  if (type === 'histogram') {
    const dataPoints = samples.map((sample) => {
      const { value: sum, count = 0, buckets = [] } = sample;
      return { ...point(sample), value: { count, sum, buckets: { boundaries: [...bounds], counts: [...buckets] } } };
    });
    return { ...common, dataPointType: HISTOGRAM, dataPoints };
  }
  const dataPoints = samples.map((sample) => ({ ...point(sample), value: sample.value }));
  if (type === 'counter' || isUpDown) return { ...common, dataPointType: SUM, isMonotonic: type === 'counter', dataPoints };
  return { ...common, dataPointType: GAUGE, dataPoints };
}

function attributesOf(labels: MetricSample['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [knativeLabels[name]?.openTelemetry ?? name, value]));
}

/** Seconds and nanoseconds. */
function hrTime(wallTimeMs: number): [number, number] {
  const seconds = Math.floor(wallTimeMs / 1_000);
  return [seconds, Math.round((wallTimeMs - seconds * 1_000) * 1e6)];
}
