/** What `balancing` wants to know, out of resources: the endpoints of an assignment and the policy of a cluster. */
import type { Endpoint, EndpointHealth, PolicySpec } from '@sluice/balancing';
import type { Cluster, ClusterLoadAssignment, ConsistentHashing, HealthStatus } from '@sluice/resources';

const nowhere = { region: '', zone: '', subZone: '' };

/** All endpoints of all localities, in the order of the resource. */
export function endpointsOf(assignment: ClusterLoadAssignment): readonly Endpoint[] {
  return assignment.localities.flatMap(({ locality, priority, weight: localityWeight = 0, endpoints }) =>
    endpoints.map(
      ({ address, hostname, healthStatus, weight, metadata, healthCheck }): Endpoint => ({
        address,
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
    case 'LEAST_REQUEST': {
      const { choiceCount, activeRequestBias, slowStart } = loadBalancing;
      return { kind: 'least-request', choiceCount, activeRequestBias, slowStart };
    }
    case 'RANDOM':
      return { kind: 'random' };
    case 'RING_HASH': {
      const size = { min: loadBalancing.minimumRingSize, max: loadBalancing.maximumRingSize };
      return { kind: 'ring-hash', size, ...hashingOf(loadBalancing.hashing ?? commonLb.hashing) };
    }
    case 'MAGLEV':
      return { kind: 'maglev', tableSize: loadBalancing.tableSize, ...hashingOf(loadBalancing.hashing ?? commonLb.hashing) };
  }
}

function hashingOf({ useHostnameForHashing, hashBalanceFactor }: ConsistentHashing) {
  return { usesHostname: useHostnameForHashing, balanceFactorPercent: hashBalanceFactor };
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
