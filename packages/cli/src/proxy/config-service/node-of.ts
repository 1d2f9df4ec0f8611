/** Who a proxy is, for the servers of its bootstrap. */
import type { Bootstrap } from '@sluice/resources';
import { virtualHostDiscoveryFeature, type JsonObject, type Node } from '@sluice/xds';

/** What servers may send beyond what everybody understands. */
const clientFeatures = ['xds.config.supports-resource-ttl', 'xds.config.supports-resource-in-sotw', 'xds.config.resource-in-sotw', virtualHostDiscoveryFeature];

export function nodeOf({ id, cluster, metadata, locality }: Bootstrap['node']): Node {
  return {
    id,
    cluster,
    metadata: metadata as JsonObject,
    ...(locality ? { locality: { region: locality.region, zone: locality.zone, sub_zone: locality.subZone } } : {}),
    userAgentName: 'sluice',
    clientFeatures,
  };
}
