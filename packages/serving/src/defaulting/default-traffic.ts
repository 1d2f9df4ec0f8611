/** Fills in what a route's traffic leaves open. Doing it twice is the same as doing it once. */
import type { TrafficTarget } from '../api/route.ts';

/**
 * @param configurationName what a target without any name follows: absent in a Service, whose own
 * Configuration is meant
 */
export function defaultTraffic(
  traffic: readonly TrafficTarget[] | undefined,
  configurationName?: string,
): TrafficTarget[] {
  const target = configurationName === undefined ? {} : { configurationName };
  if (traffic === undefined || traffic.length === 0) return [{ ...target, latestRevision: true, percent: 100 }];
  return traffic.map((given) => ({
    ...given,
    latestRevision: given.latestRevision ?? !given.revisionName,
    percent: given.percent ?? 0,
  }));
}
