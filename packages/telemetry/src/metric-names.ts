/**
 * Knative's metrics under the names they had up to 1.18, for dashboards that know no others: in place of today's, or beside them.
 * Nothing is counted twice: names are given when somebody reads.
 */
import type { LabelValues, Meter, MetricFamily } from '@sluice/kernel';
import { knativeLabels, knativeMetrics, type KnativeMetric } from './knative-names.ts';

/** `newest` is the default everywhere. */
export type MetricNames = 'newest' | 'older' | 'both';

export const metricNameChoices: readonly MetricNames[] = ['newest', 'older', 'both'];

/**
 * The same meter, read under these names.
 *
 * @param olderLabels besides those of each sample: older metrics say on each line whose they are
 */
export function withMetricNames(meter: Meter, names: MetricNames, olderLabels: LabelValues = {}): Meter {
  if (names === 'newest') return meter;
  return { ...meter, collect: () => meter.collect().flatMap((family) => named(family, names, olderLabels)) };
}

function named(family: MetricFamily, names: MetricNames, olderLabels: LabelValues): readonly MetricFamily[] {
  const known = knativeMetrics[family.name];
  if (!known?.older) return [family];
  const older = toOlder(family, known, known.older, olderLabels);
  return names === 'both' ? [family, older] : [older];
}

function toOlder(family: MetricFamily, { olderPerUnit = 1 }: KnativeMetric, name: string, olderLabels: LabelValues): MetricFamily {
  return {
    ...family,
    name,
    bounds: family.bounds.map((bound) => bound * olderPerUnit),
    samples: family.samples.map((sample) => ({ ...sample, value: sample.value * olderPerUnit, labels: { ...olderLabels, ...olderNamesOf(sample.labels) } })),
  };
}

function olderNamesOf(labels: LabelValues): LabelValues {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [knativeLabels[label]?.older ?? label, value]));
}
