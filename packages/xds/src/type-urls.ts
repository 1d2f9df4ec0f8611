/** The kinds of resource this package carries, by their full type URL (Envoy's v3 API). */
export const typeUrls = {
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
} as const;

export type TypeUrl = string;

/**
 * Make before break: what is pointed to is sent before what points to it. Types that are not named here
 * come last.
 */
export const sendOrder: readonly TypeUrl[] = [
  typeUrls.secret,
  typeUrls.cluster,
  typeUrls.endpoint,
  typeUrls.listener,
  typeUrls.route,
];

/** Types whose response is always the full state, so that absence from it means deletion. */
export function isFullState(typeUrl: TypeUrl): boolean {
  return typeUrl === typeUrls.listener || typeUrl === typeUrls.cluster;
}

const shortNames: Readonly<Record<TypeUrl, string>> = {
  [typeUrls.listener]: 'LDS',
  [typeUrls.route]: 'RDS',
  [typeUrls.cluster]: 'CDS',
  [typeUrls.endpoint]: 'EDS',
  [typeUrls.secret]: 'SDS',
};

/** The three letters people know a type by; the last part of the URL for types that have none. */
export function shortTypeName(typeUrl: TypeUrl): string {
  return shortNames[typeUrl] ?? typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

/** The message's full name: what stands after the last slash. */
export function messageNameOf(typeUrl: TypeUrl): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
