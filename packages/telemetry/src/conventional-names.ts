/**
 * Families as Prometheus' conventions have them (https://prometheus.io/docs/practices/naming/): counters end in `_total`, times
 * are in seconds. What has Envoy's names is on our own pages under these; Envoy's page has it as Envoy.
 */
import type { MetricFamily } from '@sluice/kernel';

/** Names that dashboards of others know by heart: those of Knative up to 1.18. */
const keptNames = /^(?:revision|activator)_(?:app_)?request_(?:count|latencies)$/;

export function toConventions(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const taken = new Set(families.map(({ name }) => name));
  return families.map((family) => {
    const renamed = toConvention(family);
    // Envoy has `upstream_rq` by status beside `upstream_rq_total`.
    return renamed.name !== family.name && taken.has(renamed.name) ? { ...renamed, name: renamed.name.replace(/(_total)?$/, '_each$1') } : renamed;
  });
}

function toConvention(family: MetricFamily): MetricFamily {
  const { name, type } = family;
  if (keptNames.test(name)) return family;
  if (type === 'counter') return name.endsWith('_total') ? family : { ...family, name: `${name}_total` };
  const milliseconds = /_(?:ms|time)$/.exec(name);
  if (type === 'histogram' && name.startsWith('envoy_') && milliseconds) return inSeconds(family, `${name.slice(0, milliseconds.index)}_seconds`);
  return family;
}

/** Envoy's times are in milliseconds. */
function inSeconds(family: MetricFamily, name: string): MetricFamily {
  return {
    ...family,
    name,
    bounds: family.bounds.map((bound) => bound / 1000),
    samples: family.samples.map((sample) => ({ ...sample, value: sample.value / 1000 })),
  };
}
