/** A cluster resource and its endpoints, as the engine runs them. */
import { upstreamHttpProtocolOptionsTypeName, type CircuitBreakerThresholds, type Cluster, type ClusterLoadAssignment } from '@sluice/resources';
import { createPlainEnvironment, type CompileEnvironment } from '../compile-environment.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import { compileRetryRule } from '../router/compile-retry.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import type { CircuitLimits } from '../upstream/circuit-breaker.ts';
import type { RetryRule } from '../upstream/retry-rule.ts';
import type { ClusterTransports } from '../tls/cluster-transports.ts';
import { compileClusterRouting } from './compile-cluster-routing.ts';
import type { ConfigResource } from './config-resource.ts';

/** What a cluster says of its endpoints itself. */
export function ownAssignment({ discovery }: Cluster): ClusterLoadAssignment | undefined {
  return 'assignment' in discovery ? discovery.assignment : undefined;
}

/** The policy of a cluster, which stands in place of those of routes. Problems are told to `patterns`. */
export function compileClusterRetry({ http }: Cluster, patterns: PatternCompiler): RetryRule | undefined {
  const path = `typed_extension_protocol_options["${upstreamHttpProtocolOptionsTypeName}"].retry_policy`;
  return http.retryPolicy && compileRetryRule(http.retryPolicy, path, patterns);
}

/** `eds` is what came last by EDS; it is left aside for clusters that hold their endpoints themselves. */
export function compileCluster(
  cluster: ConfigResource<Cluster>,
  eds: ConfigResource<ClusterLoadAssignment> | undefined,
  patterns: PatternCompiler,
  transports?: ClusterTransports,
  environment: CompileEnvironment = createPlainEnvironment(),
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
    ...(transports && { transports }),
    ...limitsOf(circuitBreakers.default),
    highPriority: limitsOf(circuitBreakers.high),
    retry: compileClusterRetry(resource, patterns),
    ...compileClusterRouting(resource, environment, patterns),
    streamDurationMaxMs: http.streamDurationMaxMs ?? 0,
    connectionDurationMaxMs: http.connectionDurationMaxMs ?? 0,
    requestsPerConnectionMax: http.requestsPerConnectionMax,
    responseFieldsMax: http.responseFieldsMax,
    responseHeadBytesMax: http.responseHeadBytesMax,
    idleTimeoutMs: http.idleTimeoutMs,
    preconnectRatio: resource.preconnectRatio ?? 1,
  };
}

function limitsOf({ retryBudget, ...limits }: CircuitBreakerThresholds): CircuitLimits {
  return { ...limits, retryBudget: retryBudget && { ratio: retryBudget.ratio, retriesMin: retryBudget.minRetryConcurrency } };
}
