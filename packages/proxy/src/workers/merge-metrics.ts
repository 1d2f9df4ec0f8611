/** The numbers of several workers as those of one proxy: counts add up, states that all share do not. */
import type { MetricFamily, MetricSample } from '@sluice/kernel';

/**
 * Gauges that say the same in every worker, or say whether rather than how much: the largest counts. All others add up.
 */
const shared: readonly RegExp[] = [/^envoy_server_/, /_membership_/, /_open$/, /_state$/, /_version$/, /_live$/, /^envoy_listener_manager_/, /^envoy_cluster_manager_/];

/** Every worker takes over the same listeners and clusters. */
const sharedCounts: readonly RegExp[] = [/^envoy_listener_manager_/, /^envoy_cluster_manager_/];

export function mergeFamilies(parts: readonly (readonly MetricFamily[])[]): readonly MetricFamily[] {
  const merged = new Map<string, { readonly family: MetricFamily; readonly samples: Map<string, MetricSample> }>();
  for (const family of parts.flat()) {
    let known = merged.get(family.name);
    if (!known) merged.set(family.name, (known = { family, samples: new Map() }));
    const adds = !(family.type === 'gauge' ? shared : sharedCounts).some((pattern) => pattern.test(family.name));
    for (const sample of family.samples) {
      const key = labelKey(sample);
      const before = known.samples.get(key);
      known.samples.set(key, before ? mergeSamples(before, sample, adds) : sample);
    }
  }
  return [...merged.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }));
}

/** What a worker that has gone leaves behind: its counts. Its gauges went with it. */
export function remainsOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter(({ type }) => type !== 'gauge');
}

function mergeSamples(a: MetricSample, b: MetricSample, adds: boolean): MetricSample {
  return {
    labels: a.labels,
    value: adds ? a.value + b.value : Math.max(a.value, b.value),
    ...(a.buckets && b.buckets ? { buckets: a.buckets.map((count, index) => count + (b.buckets?.[index] ?? 0)) } : {}),
    ...(a.count !== undefined && b.count !== undefined ? { count: a.count + b.count } : {}),
  };
}

function labelKey({ labels }: MetricSample): string {
  return Object.keys(labels).sort().map((name) => `${name}\u0000${labels[name]}`).join('\u0001');
}
