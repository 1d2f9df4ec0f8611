/** What `balancing` wants to know, out of resources: the endpoints of an assignment and the policy of a cluster. */
import type { Endpoint, EndpointHealth, PolicySpec } from '@sluice/balancing';
import type { ClusterLoadAssignment, HealthStatus, LoadBalancingPolicy } from '@sluice/resources';

const nowhere = { region: '', zone: '', subZone: '' };

/** All endpoints of all localities, in the order of the resource. */
export function endpointsOf(assignment: ClusterLoadAssignment): readonly Endpoint[] {
  return assignment.localities.flatMap(({ locality, priority, weight: localityWeight = 0, endpoints }) =>
    endpoints.map(
      ({ address, hostname, healthStatus, weight, metadata }): Endpoint => ({
        address,
        hostname,
        health: healthOf(healthStatus),
        weight,
        priority,
        locality: locality ?? nowhere,
        localityWeight,
        metadata,
      }),
    ),
  );
}

export function policyOf(policy: LoadBalancingPolicy): PolicySpec {
  switch (policy.kind) {
    case 'ROUND_ROBIN':
      return { kind: 'round-robin' };
    case 'LEAST_REQUEST':
      return { kind: 'least-request', choiceCount: policy.choiceCount, activeRequestBias: policy.activeRequestBias };
    case 'RANDOM':
      return { kind: 'random' };
  }
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
