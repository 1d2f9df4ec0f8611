/** A cluster resource and its endpoints, as the engine runs them. */
import type { CircuitBreakerThresholds, Cluster, ClusterLoadAssignment } from '@sluice/resources';
import type { ClusterConfig } from '../proxy-config.ts';
import type { CircuitLimits } from '../upstream/circuit-breaker.ts';
import type { ConfigResource } from './config-resource.ts';

/** What a cluster says of its endpoints itself. */
export function ownAssignment({ discovery }: Cluster): ClusterLoadAssignment | undefined {
  return 'assignment' in discovery ? discovery.assignment : undefined;
}

/** `eds` is what came last by EDS; it is left aside for clusters that hold their endpoints themselves. */
export function compileCluster(
  cluster: ConfigResource<Cluster>,
  eds: ConfigResource<ClusterLoadAssignment> | undefined,
): ClusterConfig {
  const resource = cluster.value;
  const { discovery, circuitBreakers, http } = resource;
  const assignment = discovery.kind === 'EDS' ? eds?.value : ownAssignment(resource);
  return {
    name: resource.name,
    version: cluster.version,
    resource,
    assignment,
    assignmentVersion: discovery.kind === 'EDS' ? (eds?.version ?? '') : cluster.version,
    connectTimeoutMs: resource.connectTimeoutMs,
    ...limitsOf(circuitBreakers.default),
    highPriority: limitsOf(circuitBreakers.high),
    requestsPerConnectionMax: http.requestsPerConnectionMax,
    idleTimeoutMs: http.idleTimeoutMs,
  };
}

function limitsOf({ retryBudget, ...limits }: CircuitBreakerThresholds): CircuitLimits {
  return { ...limits, retryBudget: retryBudget && { ratio: retryBudget.ratio, retriesMin: retryBudget.minRetryConcurrency } };
}
