/**
 * What a proxy beside a plain program gets, for what the program sends: the Services of the cluster, port by port. Two ways lead to them:
 *
 * - by name: one table, for programs that send their HTTP requests to the proxy (`http_proxy`), with the names that hold in the pod's namespace;
 * - by address: a listener for each cluster IP and port, bound to nothing, for connections that were redirected to the proxy.
 *
 * Whatever is neither is not spoken of here: the proxy refuses the one, and passes the other on to where it was going.
 */
import { typeUrls } from '@sluice/resources';
import type { ServingBackend } from '@sluice/serving';

import { backendCluster } from '../clusters.ts';
import { backendEndpoints } from '../endpoints.ts';
import { clusterName, sidecarRouteTable, typeNames } from '../names.ts';
import { byName, type JsonObject, type TranslatedResource } from '../resource.ts';

export interface MeshService {
  readonly namespace: string;
  readonly name: string;
  /** Empty: it has none, and is reached by name alone. */
  readonly clusterIp: string;
  readonly ports: readonly MeshPort[];
}

export interface MeshPort {
  readonly port: number;
  /** Whether its name says that HTTP is spoken there. Anything else is passed on as it comes. */
  readonly isHttp: boolean;
  readonly backend: ServingBackend;
}

/** @param namespace whose proxies these are: by short names they mean their neighbours */
export function sidecarResources(services: readonly MeshService[], namespace: string, clusterDomain: string): readonly TranslatedResource[] {
  const ports = services.toSorted(byPlace).flatMap((service) => service.ports.map((port) => ({ service, port })));
  return [
    ...ports.flatMap(({ port: { backend } }) => backendResources(backend)),
    ...ports.flatMap(({ service, port }) => addressListener(service, port) ?? []),
    nameTable(ports.map(({ service, port }) => nameHost(service, port, namespace, clusterDomain))),
  ];
}

/** Who is behind a port: what changes as pods come and go. */
export function backendResources(backend: ServingBackend): readonly TranslatedResource[] {
  return [backendCluster(backend), backendEndpoints(backend)];
}

function nameTable(hosts: readonly JsonObject[]): TranslatedResource {
  return { typeUrl: typeUrls.routeConfiguration, name: sidecarRouteTable, value: { name: sidecarRouteTable, virtual_hosts: hosts } };
}

function nameHost({ namespace, name, clusterIp }: MeshService, { port, backend }: MeshPort, here: string, clusterDomain: string): JsonObject {
  const names = [`${name}.${namespace}.svc.${clusterDomain}`, `${name}.${namespace}.svc`, `${name}.${namespace}`];
  if (namespace === here) names.push(name);
  if (clusterIp !== '') names.push(clusterIp.includes(':') ? `[${clusterIp}]` : clusterIp);
  return { name: clusterName(backend), domains: names.flatMap((one) => [`${one}:${port}`, ...(port === 80 ? [one] : [])]), routes: [routeTo(backend)] };
}

function routeTo(backend: ServingBackend): JsonObject {
  return {
    match: { prefix: '/' },
    route: {
      cluster: clusterName(backend),
      // How long an answer may take, programs say themselves.
      timeout: '0s',
      // A pod that has just gone answers nobody; nothing has been sent then.
      retry_policy: {
        retry_on: 'connect-failure,refused-stream',
        num_retries: 2,
        retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: { '@type': typeNames.previousHosts } }],
        host_selection_retry_max_attempts: 5,
      },
    },
  };
}

function addressListener(service: MeshService, { port, isHttp, backend }: MeshPort): TranslatedResource | undefined {
  if (service.clusterIp === '') return undefined;
  const name = `outbound/${service.namespace}/${service.name}:${port}`;
  return {
    typeUrl: typeUrls.listener,
    name,
    value: {
      name,
      address: { socket_address: { address: service.clusterIp, port_value: port } },
      bind_to_port: false,
      filter_chains: [{ filters: [isHttp ? httpManager(backend) : tcpProxy(backend)] }],
      traffic_direction: 'OUTBOUND',
    },
  };
}

/** Whatever host a request names: its address has said already where it goes. */
function httpManager(backend: ServingBackend): JsonObject {
  const name = clusterName(backend);
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': typeNames.httpConnectionManager,
      stat_prefix: `outbound_${name}`,
      route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes: [routeTo(backend)] }] },
      http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': typeNames.router } }],
      upgrade_configs: [{ upgrade_type: 'websocket' }],
    },
  };
}

function tcpProxy(backend: ServingBackend): JsonObject {
  const cluster = clusterName(backend);
  return { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': typeNames.tcpProxy, stat_prefix: `outbound_${cluster}`, cluster } };
}

function byPlace(a: MeshService, b: MeshService): number {
  return byName({ name: `${a.namespace}/${a.name}` }, { name: `${b.namespace}/${b.name}` });
}
