/**
 * What programs get that speak xDS themselves: gRPC clients that resolve `xds:///hello.default.svc.cluster.local` and then
 * connect to a Service's pods without any proxy on their side.
 *
 * They ask for single names, so each host is a listener of its own, and each route a table of its own: a client is
 * sent what it names and nothing of its neighbours. What they can do is less than what a proxy can (gRFCs A27, A28,
 * A37): no `LEAST_REQUEST`, no headers added on the way, which is why no revision is named in a request of theirs.
 */
import { typeUrls } from '@sluice/resources';
import type { ServingModel, ServingRevision, ServingRoute } from '@sluice/serving';

import { cluster } from './clusters.ts';
import { gatewayEndpoints } from './endpoints.ts';
import { clusterName, typeNames } from './names.ts';
import { byKey, byName, type JsonObject, type TranslatedResource } from './resource.ts';

/** Listeners, routes and clusters; the endpoints come by `proxylessEndpoints`. */
export function proxylessResources(model: ServingModel): readonly TranslatedResource[] {
  const revisions = new Map(model.revisions.map((revision) => [revision.key, revision]));
  const routes = grpcRoutes(model);
  return [...routesByHost(routes)]
    .map(([host, route]) => apiListener(host, route))
    .concat(routes.map((route) => routeConfiguration(route, revisions)))
    .concat(routedRevisions(model).map(proxylessCluster));
}

/** As for gateways: the pods in mode Serve, the activators in mode Proxy. */
export function proxylessEndpoints(model: ServingModel): readonly TranslatedResource[] {
  return routedRevisions(model).map(gatewayEndpoints);
}

/** The table of a route, under this name for every client. */
export function proxylessRouteName(route: ServingRoute): string {
  return `grpc/${route.name}`;
}

/** gRPC is HTTP/2, so a route is for such clients when all of its revisions that are left speak it. */
export function grpcRoutes({ routes, revisions }: ServingModel): readonly ServingRoute[] {
  const protocols = new Map(revisions.map(({ key, protocol }) => [key, protocol]));
  return routes
    .filter(({ splits }) => {
      const known = splits.flatMap(({ revision }) => protocols.get(revision) ?? []);
      return known.length > 0 && known.every((protocol) => protocol === 'h2c');
    })
    .toSorted(byName);
}

/** A host belongs to the first route that claims it, as in a gateway's table. */
function routesByHost(routes: readonly ServingRoute[]): ReadonlyMap<string, ServingRoute> {
  const claimed = new Map<string, ServingRoute>();
  for (const route of routes) {
    for (const host of [...route.internalHosts, ...route.externalHosts]) if (!claimed.has(host)) claimed.set(host, route);
  }
  return claimed;
}

function routedRevisions(model: ServingModel): readonly ServingRevision[] {
  const routed = new Set(grpcRoutes(model).flatMap(({ splits }) => splits.map(({ revision }) => revision)));
  return model.revisions.filter(({ key }) => routed.has(key)).toSorted(byKey);
}

function apiListener(host: string, route: ServingRoute): TranslatedResource {
  return {
    typeUrl: typeUrls.listener,
    name: host,
    value: {
      name: host,
      api_listener: {
        api_listener: {
          '@type': typeNames.httpConnectionManager,
          stat_prefix: host,
          rds: { config_source: { ads: {}, resource_api_version: 'V3' }, route_config_name: proxylessRouteName(route) },
          http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': typeNames.router } }],
        },
      },
    },
  };
}

function routeConfiguration(route: ServingRoute, revisions: ReadonlyMap<string, ServingRevision>): TranslatedResource {
  const name = proxylessRouteName(route);
  const clusters = route.splits.flatMap(({ revision: key, percent }): JsonObject[] => {
    const revision = revisions.get(key);
    return revision === undefined || percent === 0 ? [] : [{ name: clusterName(revision), weight: percent }];
  });
  return {
    typeUrl: typeUrls.routeConfiguration,
    name,
    value: {
      name,
      virtual_hosts: [
        {
          name: route.name,
          // The listener's name has chosen the route already, under whichever of its hosts the client knows it.
          domains: ['*'],
          // gRPC's clients refuse a table whose weights sum to nothing; without a route they answer UNAVAILABLE.
          routes: clusters.length === 0 ? [] : [{ match: { prefix: '' }, route: { weighted_clusters: { clusters } } }],
        },
      ],
    },
  };
}

/** `lrs_server` asks the client to report how it fared, to the server that this came from. */
function proxylessCluster(revision: ServingRevision): TranslatedResource {
  const { value, ...resource } = cluster(revision, 'ROUND_ROBIN');
  return { ...resource, value: { ...value, lrs_server: { self: {} } } };
}
