/** `sluice pc endpoints`: where a cluster's requests may go, and whether they should. From `/clusters`, or out of a dump. */
import { addressOf, isObject, joinAddress, objectAt, objectsAt, textAt, type Json } from '../json-reading.ts';
import type { Answer } from '../output.ts';
import { partsOfName } from './clusters.ts';
import type { ProxyDump } from './dump.ts';

export interface EndpointFilter {
  /** The cluster's name. */
  readonly name?: string;
  readonly fqdn?: string;
  readonly address?: string;
  readonly port?: string;
  readonly status?: string;
}

interface EndpointRow {
  readonly cluster: string;
  readonly host: string;
  readonly port: string;
  readonly status: string;
  /** Whether the proxy has put it out for its failures; empty when the source does not say. */
  readonly outlier: string;
  readonly weight: string;
  readonly activeRequests: string;
  readonly requests: string;
  readonly source: Json;
}

/** @param json what `/clusters?format=json` answers; undefined when it is something else */
export function endpointsOfStatuses(json: unknown): readonly EndpointRow[] | undefined {
  if (!isObject(json) || !Array.isArray(json['cluster_statuses'])) return undefined;
  return objectsAt(json, 'cluster_statuses').flatMap((cluster) =>
    objectsAt(cluster, 'host_statuses').map((host) => {
      const health = objectAt(host, 'health_status');
      const stat = (name: string) => textAt(objectsAt(host, 'stats').find((one) => one['name'] === name), 'value');
      return {
        cluster: textAt(cluster, 'name'),
        ...addressOf(host['address']),
        status: statusOf(health),
        outlier: health['failed_outlier_check'] === true ? 'FAILED' : 'OK',
        weight: textAt(host, 'weight'),
        activeRequests: stat('rq_active'),
        requests: stat('rq_total'),
        source: { cluster: textAt(cluster, 'name'), ...host },
      };
    }),
  );
}

/** What the proxy was told, when nobody can be asked what it has observed. */
export function endpointsOfDump({ endpoints, clusters }: ProxyDump): readonly EndpointRow[] {
  const inline = clusters.flatMap(({ name, value }) => (isObject(value?.['load_assignment']) ? [{ name, value: value['load_assignment'] }] : []));
  return [...inline, ...endpoints].flatMap(({ name, value }) =>
    objectsAt(value, 'endpoints').flatMap((locality) =>
      objectsAt(locality, 'lb_endpoints').map((endpoint) => ({
        cluster: name,
        ...addressOf(objectAt(endpoint, 'endpoint', 'address')),
        status: textAt(endpoint, 'health_status') || 'UNKNOWN',
        outlier: '',
        weight: textAt(endpoint, 'load_balancing_weight'),
        activeRequests: '',
        requests: '',
        source: { cluster: name, ...endpoint },
      })),
    ),
  );
}

export function endpointsAnswer(all: readonly EndpointRow[], filter: EndpointFilter): Answer<EndpointRow> {
  const { name, fqdn, address, port, status } = filter;
  return {
    columns: [
      { title: 'ENDPOINT', of: joinAddress },
      { title: 'STATUS', of: (row) => row.status },
      { title: 'OUTLIER CHECK', of: (row) => row.outlier },
      { title: 'CLUSTER', of: (row) => row.cluster },
      { title: 'WEIGHT', of: (row) => row.weight, isWide: true },
      { title: 'ACTIVE', of: (row) => row.activeRequests, isWide: true },
      { title: 'REQUESTS', of: (row) => row.requests, isWide: true },
    ],
    rows: all.filter(
      (row) =>
        (name === undefined || row.cluster === name) &&
        (fqdn === undefined || partsOfName(row.cluster).fqdn.includes(fqdn)) &&
        (address === undefined || row.host === address) &&
        (port === undefined || row.port === port) &&
        (status === undefined || row.status === status.toUpperCase()),
    ),
    source: (row) => row.source,
    nothing: 'No endpoints found.',
  };
}

/** What the source says, unless the proxy has found out worse. */
function statusOf(health: Json): string {
  if (health['failed_active_health_check'] === true || health['failed_outlier_check'] === true) return 'UNHEALTHY';
  return textAt(health, 'eds_health_status') || 'HEALTHY';
}
