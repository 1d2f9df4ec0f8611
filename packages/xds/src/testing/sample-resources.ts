/** A small, consistent set of resources for tests: a listener, its routes, and one cluster per revision with its endpoints. */
import type { Resource } from '../snapshot/snapshot.ts';
import { typeUrls } from '../type-urls.ts';

export interface SampleRevision {
  readonly name: string;
  /** Addresses of its endpoints. */
  readonly endpoints: readonly string[];
  /** Changes the cluster without changing anything else. Default 5. */
  readonly connectTimeoutSeconds?: number;
}

/** Resources that send every host named after a revision to that revision. */
export function sampleResources(revisions: readonly SampleRevision[]): readonly Resource[] {
  return [
    sampleListener(),
    sampleRoutes(revisions.map(({ name }) => name)),
    ...revisions.map(sampleCluster),
    ...revisions.map(sampleEndpoints),
  ];
}

export function sampleListener(): Resource {
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'http',
    rds: { route_config_name: 'routes', config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    typeUrl: typeUrls.listener,
    name: 'http',
    value: {
      name: 'http',
      address: { socket_address: { address: '127.0.0.1', port_value: 8080 } },
      filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
    },
  };
}

export function sampleRoutes(revisions: readonly string[]): Resource {
  return {
    typeUrl: typeUrls.routeConfiguration,
    name: 'routes',
    value: {
      name: 'routes',
      virtual_hosts: revisions.map((name) => ({
        name,
        domains: [name],
        routes: [{ match: { prefix: '/' }, route: { cluster: name } }],
      })),
    },
  };
}

export function sampleCluster({ name, connectTimeoutSeconds = 5 }: SampleRevision): Resource {
  return {
    typeUrl: typeUrls.cluster,
    name,
    value: {
      name,
      type: 'EDS',
      connect_timeout: `${connectTimeoutSeconds}s`,
      eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
    },
  };
}

export function sampleEndpoints({ name, endpoints }: SampleRevision): Resource {
  return {
    typeUrl: typeUrls.clusterLoadAssignment,
    name,
    value: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: endpoints.map((address) => ({
            endpoint: { address: { socket_address: { address, port_value: 8012 } } },
          })),
        },
      ],
    },
  };
}

export function sampleSecret(name: string): Resource {
  return { typeUrl: typeUrls.secret, name, value: { name, generic_secret: { secret: { inline_string: 'told to nobody' } } } };
}
