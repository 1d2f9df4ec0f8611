/** Which group's resources a node is served. */
import { nodeGroups } from '@sluice/translator';
import { typeUrls, virtualHostDiscoveryFeature, type Node, type StreamKind } from '@sluice/xds';

/** How the libraries of gRPC begin their `user_agent_name`, in whatever language they are written. */
const grpcUserAgent = /^gRPC\b/i;

const known: ReadonlySet<string> = new Set(Object.values(nodeGroups));

/**
 * The group named as the node's cluster. A gRPC client's cluster is its user's own affair, so one that names none of ours
 * gets what gRPC clients get.
 */
export function groupOf(node: Omit<Node, 'id'>, stream: StreamKind): string {
  const { cluster, userAgentName = '' } = node;
  if (cluster === nodeGroups.gateway) return discoversHosts(node, stream) ? cluster : inlineGatewayGroup;
  return !known.has(cluster) && grpcUserAgent.test(userAgentName) ? nodeGroups.proxyless : cluster;
}

/**
 * Gateways that are given tables with their hosts in them: those of the state-of-the-world variant, which has no messages for single hosts,
 * and those that do not say that they discover hosts. All else is the same.
 */
export const inlineGatewayGroup = `${nodeGroups.gateway}/inline`;

/** Virtual hosts come by the stream that tables come by, so one of another type alone does not have them. */
function discoversHosts({ clientFeatures = [], metadata = {} }: Omit<Node, 'id'>, { variant, onlyType }: StreamKind): boolean {
  if (onlyType === typeUrls.virtualHost) return true;
  const says = clientFeatures.includes(virtualHostDiscoveryFeature) || metadata[virtualHostDiscoveryFeature] === true;
  return variant === 'delta' && onlyType === undefined && says;
}

/** Whether streams of this group are gateways'. */
export function isGatewayGroup(group: string): boolean {
  return group === nodeGroups.gateway || group === inlineGatewayGroup;
}
