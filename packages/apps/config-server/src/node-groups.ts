/** Which group's resources a node is served. */
import { nodeGroups } from '@sluice/translator';
import type { Node } from '@sluice/xds';

/** How the libraries of gRPC begin their `user_agent_name`, in whatever language they are written. */
const grpcUserAgent = /^gRPC\b/i;

const known: ReadonlySet<string> = new Set(Object.values(nodeGroups));

/**
 * The group named as the node's cluster. A gRPC client's cluster is its user's own affair, so one that names none of ours
 * gets what gRPC clients get.
 */
export function groupOf({ cluster, userAgentName = '' }: Pick<Node, 'cluster' | 'userAgentName'>): string {
  return !known.has(cluster) && grpcUserAgent.test(userAgentName) ? nodeGroups.proxyless : cluster;
}
