/** What `balancing` wants to know, out of resources: the endpoints of an assignment and the policy of a cluster. */
import { ReportedWeights, type Endpoint, type EndpointHealth, type PolicySpec, type SubsetFallback, type SubsetSettings } from '@sluice/balancing';
import type { CommonLbConfig, Cluster, ClusterLoadAssignment, ConsistentHashing, HealthStatus, LbSubsetConfig } from '@sluice/resources';

const nowhere = { region: '', zone: '', subZone: '' };

/** All endpoints of all localities, in the order of the resource. */
export function endpointsOf(assignment: ClusterLoadAssignment): readonly Endpoint[] {
  return assignment.localities.flatMap(({ locality, priority, weight: localityWeight = 0, endpoints }) =>
    endpoints.map(
      ({ address, additionalAddresses, hostname, healthStatus, weight, metadata, healthCheck }): Endpoint => ({
        address,
        additionalAddresses,
        hostname,
        health: healthOf(healthStatus),
        weight,
        priority,
        locality: locality ?? nowhere,
        localityWeight,
        metadata,
        check: healthCheck,
      }),
    ),
  );
}

/** The policy of a cluster. What it says about hashing itself counts before what holds for all policies. */
export function policyOf({ loadBalancing, commonLb }: Cluster): PolicySpec {
  switch (loadBalancing.kind) {
    case 'ROUND_ROBIN':
      return { kind: 'round-robin', slowStart: loadBalancing.slowStart };
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN': {
      const { blackoutMs, expirationMs, updatePeriodMs, errorUtilizationPenalty: errorPenalty, metricNames, slowStart } = loadBalancing;
      const weights = new ReportedWeights({ blackoutMs, expirationMs, updatePeriodMs, errorPenalty, metricNames });
      return { kind: 'reported-weights', weights, slowStart };
    }
    case 'LEAST_REQUEST': {
      const { choiceCount, activeRequestBias, slowStart } = loadBalancing;
      return { kind: 'least-request', choiceCount, activeRequestBias, slowStart };
    }
    // Whom requests go to is said elsewhere: there are no hosts to choose among.
    case 'CLUSTER_PROVIDED':
    case 'RANDOM':
      return { kind: 'random' };
    case 'RING_HASH': {
      const size = { min: loadBalancing.minimumRingSize, max: loadBalancing.maximumRingSize };
      return { kind: 'ring-hash', size, hash: loadBalancing.usesMurmur ? 'murmur2' : 'xx', ...hashingOf(loadBalancing.hashing ?? commonLb.hashing) };
    }
    case 'MAGLEV':
      return { kind: 'maglev', tableSize: loadBalancing.tableSize, ...hashingOf(loadBalancing.hashing ?? commonLb.hashing) };
  }
}

function hashingOf({ useHostnameForHashing, hashBalanceFactor }: ConsistentHashing) {
  return { usesHostname: useHostnameForHashing, balanceFactorPercent: hashBalanceFactor };
}

/** What hosts may be that sessions stay with; undefined leaves it to the balancer. */
export function preferredHealthOf({ overrideStatuses }: CommonLbConfig): ReadonlySet<EndpointHealth> | undefined {
  return overrideStatuses && new Set(overrideStatuses.map(healthOf));
}

function healthOf(status: HealthStatus): EndpointHealth {
  switch (status) {
    case 'UNKNOWN':
    case 'HEALTHY':
      return 'healthy';
    case 'DEGRADED':
      return 'degraded';
    case 'DRAINING':
      return 'draining';
    case 'UNHEALTHY':
    case 'TIMEOUT':
      return 'unhealthy';
  }
}

const subsetFallbacks = { NO_FALLBACK: 'none', ANY_ENDPOINT: 'any', DEFAULT_SUBSET: 'default', KEYS_SUBSET: 'keys' } as const;

export function subsetsOf(config: LbSubsetConfig): SubsetSettings {
  const fallback: SubsetFallback = subsetFallbacks[config.fallbackPolicy];
  return {
    selectors: config.selectors.map(({ keys, fallbackPolicy, fallbackKeys, singleHostPerSubset }) => ({
      keys,
      fallback: fallbackPolicy && subsetFallbacks[fallbackPolicy],
      fallbackKeys,
      isSingleHost: singleHostPerSubset,
    })),
    fallback,
    defaultSubset: config.defaultSubset,
    panicsToAny: config.panicModeAny,
    takesListsAsAny: config.listAsAny,
    weighsLocalities: config.localityWeightAware,
  };
}
