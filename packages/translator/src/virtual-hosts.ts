/** Virtual hosts: one route of the model, as a gateway sees it. */
import type { ServingBackend, ServingPath, ServingRevision, ServingRoute, TrafficSplit } from '@sluice/serving';

import { clusterName, networkHash, networkProbe, revisionHeaders } from './names.ts';
import type { JsonObject } from './resource.ts';

/** What a route may name, by key. */
export interface TargetLookup {
  revision(key: string): Pick<ServingRevision, 'key' | 'namespace' | 'name'> | undefined;
  backend(key: string): Pick<ServingBackend, 'key'> | undefined;
}

/** For clients outside; undefined for a route that is not there for them. */
export function externalVirtualHost(route: ServingRoute, targets: TargetLookup): JsonObject | undefined {
  return virtualHost(route, route.externalHosts, targets, route.redirectsToHttps);
}

/** For clients in the cluster, who may use any of a route's names. */
export function internalVirtualHost(route: ServingRoute, targets: TargetLookup): JsonObject | undefined {
  return virtualHost(route, [...route.internalHosts, ...route.externalHosts], targets, false);
}

function virtualHost(
  route: ServingRoute,
  hosts: readonly string[],
  targets: TargetLookup,
  requiresTls: boolean,
): JsonObject | undefined {
  if (hosts.length === 0) return undefined;
  return {
    name: route.name,
    domains: [...new Set(hosts)].flatMap(domainsOf),
    // Who comes by plain HTTP is sent to HTTPS with 301; over HTTPS the same host serves.
    ...(requiresTls ? { require_tls: 'ALL' } : {}),
    routes: [probeRoute(route.hash), ...pathsOf(route).flatMap((path) => forward(path, targets, affinityOf(route)))],
  };
}

/** A client that does not use the usual port names it in its Host header. */
function domainsOf(host: string): readonly string[] {
  return host === '*' ? [host] : [host, `${host}:*`];
}

/**
 * Answers those who ask whether this content of the route is in force here, without asking anybody further on: a
 * sleeping revision sleeps on. Probes that name a hash of their own go to the revision, as with Knative's gateways.
 */
function probeRoute(hash: string): JsonObject {
  return {
    name: 'probe',
    match: {
      prefix: '/',
      headers: [
        { name: networkProbe.header, string_match: { exact: networkProbe.ofIngress } },
        { name: networkHash.header, string_match: { exact: networkHash.asked } },
      ],
    },
    direct_response: { status: 200 },
    response_headers_to_add: [{ header: { key: networkHash.header, value: hash }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
  };
}

/** In the order in which they are tried: longer prefixes first, and those that ask for headers before those that do not. */
function pathsOf({ paths, splits, headers, rewriteHost }: ServingRoute): readonly ServingPath[] {
  const others = paths.toSorted(
    (a, b) =>
      b.prefix.length - a.prefix.length ||
      Object.keys(b.match).length - Object.keys(a.match).length ||
      (textOf(a) < textOf(b) ? -1 : 1),
  );
  return splits.length === 0 ? others : [...others, { prefix: '/', match: {}, splits, headers, rewriteHost }];
}

function textOf({ prefix, match }: ServingPath): string {
  return JSON.stringify([prefix, sorted(match)]);
}

function forward(path: ServingPath, targets: TargetLookup, affinity: JsonObject | undefined): readonly JsonObject[] {
  const clusters = path.splits.flatMap((split) => weightedCluster(split, path, targets));
  // Nobody left: a table with a route that leads nowhere would be refused.
  if (clusters.length === 0) return [];
  const headers = sorted(path.match).map(([name, exact]) => ({ name, string_match: { exact } }));
  return [
    {
      match: { prefix: path.prefix, ...(headers.length === 0 ? {} : { headers }) },
      route: {
        // A session keeps to its revision by the same hash by which it keeps to a pod there.
        weighted_clusters: { clusters, ...(affinity ? { use_hash_policy: true } : {}) },
        ...(affinity ? { hash_policy: [affinity] } : {}),
        // No limit of the gateway's own: how long a request may take is the revision's to say.
        timeout: '0s',
        ...(path.rewriteHost === '' ? {} : { host_rewrite_literal: path.rewriteHost }),
      },
    },
  ];
}

/** By what requests of one session are told, where they are to stay together. */
function affinityOf({ affinity }: ServingRoute): JsonObject | undefined {
  switch (affinity?.kind) {
    case undefined:
      return undefined;
    case 'cookie':
      return { cookie: { name: affinity.name, ttl: `${affinity.ttlSeconds}s`, path: '/' } };
    case 'header':
      return { header: { header_name: affinity.name } };
    case 'query':
      return { query_parameter: { name: affinity.name } };
    case 'client-address':
      return { connection_properties: { source_ip: true } };
  }
}

/** Nothing for a revision that has gone since the route was resolved: the others take its share. */
function weightedCluster(split: TrafficSplit, path: ServingPath, targets: TargetLookup): readonly JsonObject[] {
  const revision = targets.revision(split.revision);
  const target = revision ?? targets.backend(split.revision);
  if (target === undefined || split.percent === 0) return [];
  return [
    {
      name: clusterName(target),
      weight: split.percent,
      request_headers_to_add: headersOf(split, path, revision).map(([key, value]) => ({
        header: { key, value },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      })),
    },
  ];
}

/**
 * Of headers of one name the split's wins over the path's, and the revision's own over both, since the activator depends on
 * them. A `%` is meant as it is written.
 */
function headersOf(
  split: TrafficSplit,
  path: ServingPath,
  revision: Pick<ServingRevision, 'namespace' | 'name'> | undefined,
): readonly (readonly [string, string])[] {
  const own: readonly (readonly [string, string])[] =
    revision === undefined
      ? []
      : [
          [revisionHeaders.namespace, revision.namespace],
          [revisionHeaders.revision, revision.name],
        ];
  const taken = new Set(own.map(([name]) => name.toLowerCase()));
  const others = [...sorted(split.headers), ...sorted(path.headers)].filter(([name]) => {
    const isFree = !taken.has(name.toLowerCase());
    taken.add(name.toLowerCase());
    return isFree;
  });
  const literal = others.map(([name, value]) => [name, value.replaceAll('%', '%%')] as const);
  return [...own, ...literal.sort(([a], [b]) => (a < b ? -1 : 1))];
}

function sorted(map: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
