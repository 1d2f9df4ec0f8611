/** Route configurations: which host leads to which revisions, and in which shares. */
import { typeUrls } from '@sluice/resources';
import type { ServingModel, ServingRevision, ServingRoute, TrafficSplit } from '@sluice/serving';

import { clusterName, internalHeaders, revisionHeaders, routeConfigurationNames } from './names.ts';
import { byKey, byName, type JsonObject, type TranslatedResource } from './resource.ts';

/** Each name in the network is a virtual host; a request's share is drawn anew each time. */
export function gatewayRoutes(model: ServingModel): readonly TranslatedResource[] {
  const revisions = new Map(model.revisions.map((revision) => [revision.key, revision]));
  const routes = model.routes.toSorted(byName);
  return [
    edgeRouteConfiguration(
      routeConfigurationNames.external,
      virtualHosts(routes, ({ externalHosts }) => externalHosts, revisions),
    ),
    // Clients in the cluster may use any of a route's names.
    edgeRouteConfiguration(
      routeConfigurationNames.internal,
      virtualHosts(routes, ({ internalHosts, externalHosts }) => [...internalHosts, ...externalHosts], revisions),
    ),
  ];
}

/** For clients that are programs of users, outside or inside of the cluster: the mesh's own headers are not theirs to set. */
function edgeRouteConfiguration(name: string, virtualHosts: readonly JsonObject[]): TranslatedResource {
  const { typeUrl, value } = routeConfiguration(name, virtualHosts);
  return { typeUrl, name, value: { ...value, request_headers_to_remove: [...internalHeaders] } };
}

/** An activator is told by headers which revision a request is for; the host is the user's business. */
export function activatorRoutes(model: ServingModel): readonly TranslatedResource[] {
  return [
    routeConfiguration(routeConfigurationNames.activator, [
      { name: 'activator', domains: ['*'], routes: model.revisions.toSorted(byKey).map(activatorRoute) },
    ]),
  ];
}

function routeConfiguration(name: string, virtualHosts: readonly JsonObject[]): TranslatedResource {
  return { typeUrl: typeUrls.routeConfiguration, name, value: { name, virtual_hosts: virtualHosts } };
}

/**
 * A host may stand in a table once: a proxy refuses the whole table otherwise. So it goes to the first route that
 * claims it, and a route without any host left is left out.
 */
function virtualHosts(
  routes: readonly ServingRoute[],
  hostsOf: (route: ServingRoute) => readonly string[],
  revisions: ReadonlyMap<string, ServingRevision>,
): readonly JsonObject[] {
  const claimed = new Set<string>();
  return routes.flatMap((route) => {
    const hosts = new Set(hostsOf(route).filter((host) => !claimed.has(host)));
    for (const host of hosts) claimed.add(host);
    return hosts.size === 0 ? [] : [virtualHost(route, [...hosts], revisions)];
  });
}

function virtualHost(
  route: ServingRoute,
  hosts: readonly string[],
  revisions: ReadonlyMap<string, ServingRevision>,
): JsonObject {
  return {
    name: route.name,
    // A client that does not use the usual port names it in its Host header.
    domains: hosts.flatMap((host) => [host, `${host}:*`]),
    routes: [
      {
        match: { prefix: '/' },
        route: {
          weighted_clusters: { clusters: route.splits.flatMap((split) => weightedCluster(split, revisions)) },
          // No limit of the gateway's own: how long a request may take is the revision's to say.
          timeout: '0s',
        },
      },
    ],
  };
}

/** Nothing for a revision that has gone since the route was resolved: the others take its share. */
function weightedCluster(split: TrafficSplit, revisions: ReadonlyMap<string, ServingRevision>): readonly JsonObject[] {
  const revision = revisions.get(split.revision);
  if (revision === undefined || split.percent === 0) return [];
  return [
    {
      name: clusterName(revision),
      weight: split.percent,
      request_headers_to_add: headersOf(split, revision).map(([key, value]) => ({
        header: { key, value },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      })),
    },
  ];
}

/** The revision's own headers win over any of the same name, since the activator depends on them. */
function headersOf(split: TrafficSplit, revision: ServingRevision): readonly (readonly [string, string])[] {
  const own: readonly (readonly [string, string])[] = [
    [revisionHeaders.namespace, revision.namespace],
    [revisionHeaders.revision, revision.name],
  ];
  const ownNames = new Set(own.map(([name]) => name.toLowerCase()));
  const others = Object.entries(split.headers)
    .filter(([name]) => !ownNames.has(name.toLowerCase()))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [...own, ...others];
}

function activatorRoute(revision: ServingRevision): JsonObject {
  return {
    match: {
      prefix: '/',
      headers: [
        { name: revisionHeaders.namespace, string_match: { exact: revision.namespace } },
        { name: revisionHeaders.revision, string_match: { exact: revision.name } },
      ],
    },
    route: { cluster: clusterName(revision), timeout: '0s' },
  };
}
