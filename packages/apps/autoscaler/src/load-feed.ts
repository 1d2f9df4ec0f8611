/** Load as proxies report it → statistics as the deciders take them. */
import type { Stat } from '@sluice/scaling';
import type { RevisionLoad } from '@sluice/xds';

export interface FedStat {
  /** `namespace/name` of the revision. */
  readonly key: string;
  readonly stat: Stat;
}

/** Counts become rates by the time they cover; a report sent at once covers no time and is taken as a second's. */
export function statOf(load: RevisionLoad): FedStat {
  const perSecond = load.intervalMs > 0 ? 1000 / load.intervalMs : 1;
  return {
    key: `${load.namespace}/${load.revision}`,
    stat: {
      podName: load.podName,
      averageConcurrentRequests: load.averageConcurrentRequests,
      averageProxiedConcurrentRequests: load.averageProxiedConcurrentRequests,
      requestCount: load.requestCount * perSecond,
      proxiedRequestCount: load.proxiedRequestCount * perSecond,
      ...(load.intervalMs > 0 ? {} : { isAhead: true }),
    },
  };
}
