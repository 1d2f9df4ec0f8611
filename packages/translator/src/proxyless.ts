/**
 * What programs get that speak xDS themselves: gRPC clients that resolve `xds:///hello.default.svc.cluster.local` and then
 * connect to a Service's pods without any proxy on their side.
 *
 * They ask for single names, so each host is a listener of its own, and each route a table of its own: a client is
 * sent what it names and nothing of its neighbours. What they can do is less than what a proxy can (gRFCs A27, A28,
 * A37): no `LEAST_REQUEST`, no headers added on the way, which is why no revision is named in a request of theirs.
 */
import { typeUrls } from '@sluice/resources';
import type { ServingRevision, ServingRoute } from '@sluice/serving';

import { cluster } from './clusters.ts';
import { gatewayEndpoints } from './endpoints.ts';
import { GroupResources } from './group-resources.ts';
import { clusterName, typeNames } from './names.ts';
import type { JsonObject, TranslatedResource } from './resource.ts';
import { RevisionUses } from './revision-uses.ts';

/** Where a translator reads revisions. */
export interface RevisionView {
  revision(key: string): ServingRevision | undefined;
}

/** Follows the model as the rest of the translator does. */
export class ProxylessResources {
  readonly resources = new GroupResources();
  readonly #uses = new RevisionUses();
  /** Listeners of each route, by its name. */
  readonly #hosts = new Map<string, ReadonlySet<string>>();

  /** Takes over a route, or that there is none, and adds to `changed` whose use is another now. */
  writeRoute(name: string, route: ServingRoute | undefined, revisions: RevisionView, changed: Set<string>): void {
    const served = route && isForGrpc(route, revisions) ? route : undefined;
    const hosts = new Set(served ? [...served.internalHosts, ...served.externalHosts] : []);
    for (const host of this.#hosts.get(name) ?? []) if (!hosts.has(host)) this.resources.remove({ typeUrl: typeUrls.listener, name: host });
    if (served) this.#hosts.set(name, hosts);
    else this.#hosts.delete(name);
    for (const host of hosts) this.resources.put(apiListener(host, name));
    const table = { typeUrl: typeUrls.routeConfiguration, name: proxylessRouteName(name) };
    this.resources.set(table, served && routeConfiguration(served, revisions));
    for (const key of this.#uses.set(name, new Set(served?.splits.map(({ revision }) => revision)))) changed.add(key);
  }

  /**
   * The ready pods, in mode Proxy too: an activator is told by headers which revision a request is for, and these clients
   * add none. So nothing stands between them and the pods, and nobody wakes a revision for them that has none.
   */
  writeRevision(key: string, revision: ServingRevision | undefined): void {
    const used = this.#uses.of(key).size > 0 ? revision : undefined;
    this.resources.set({ typeUrl: typeUrls.cluster, name: key }, used && proxylessCluster(used));
    this.resources.set({ typeUrl: typeUrls.clusterLoadAssignment, name: key }, used && gatewayEndpoints({ ...used, mode: 'Serve' }));
  }
}

/** The table of a route, under this name for every client. */
function proxylessRouteName(route: string): string {
  return `grpc/${route}`;
}

/** gRPC is HTTP/2, so a route is for such clients when all of its revisions that are left speak it. */
function isForGrpc({ splits }: ServingRoute, revisions: RevisionView): boolean {
  const known = splits.flatMap(({ revision }) => revisions.revision(revision)?.protocol ?? []);
  return known.length > 0 && known.every((protocol) => protocol === 'h2c');
}

function apiListener(host: string, route: string): TranslatedResource {
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

function routeConfiguration(route: ServingRoute, revisions: RevisionView): TranslatedResource {
  const name = proxylessRouteName(route.name);
  const clusters = route.splits.flatMap(({ revision: key, percent }): JsonObject[] => {
    const revision = revisions.revision(key);
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
