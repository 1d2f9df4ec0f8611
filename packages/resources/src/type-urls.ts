/** The kinds of top-level resources, by the names under which xDS speaks of them. */

const prefix = 'type.googleapis.com/';

export const typeUrls = {
  listener: `${prefix}envoy.config.listener.v3.Listener`,
  routeConfiguration: `${prefix}envoy.config.route.v3.RouteConfiguration`,
  virtualHost: `${prefix}envoy.config.route.v3.VirtualHost`,
  cluster: `${prefix}envoy.config.cluster.v3.Cluster`,
  clusterLoadAssignment: `${prefix}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  secret: `${prefix}envoy.extensions.transport_sockets.tls.v3.Secret`,
  extensionConfig: `${prefix}envoy.config.core.v3.TypedExtensionConfig`,
} as const;

/** The type of our subset's top-level resources. */
export type TypeUrl = (typeof typeUrls)[keyof typeof typeUrls];
