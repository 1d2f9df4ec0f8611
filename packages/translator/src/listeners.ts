/** Listeners: an address, a connection manager, and the filters a request passes. */
import { typeUrls } from '@sluice/resources';
import type { ServingCertificate } from '@sluice/serving';

import { listenerNames, routeConfigurationNames, typeNames } from './names.ts';
import type { TranslateOptions } from './options.ts';
import type { Json, JsonObject, TranslatedResource } from './resource.ts';

/** Listeners that are there whatever is served. */
export function gatewayListeners({ gateway }: TranslateOptions): readonly TranslatedResource[] {
  const { address, externalPort, internalPort, accessLogPath } = gateway;
  const edge = { filters: [routerFilter], accessLogPath, trust: trustsNobody };
  const external = listener(listenerNames.externalHttp, address, externalPort, { ...edge, routes: routeConfigurationNames.external });
  if (internalPort === 0) return [external];
  return [external, listener(listenerNames.internalHttp, address, internalPort, { ...edge, routes: routeConfigurationNames.internal })];
}

/**
 * A chain for each certificate, chosen by the name that the client asks for. A client that asks for none of them is
 * not served: any certificate would be the wrong one. Undefined while there is nothing to show.
 */
export function gatewayTlsListener(certificates: readonly ServingCertificate[], { gateway }: TranslateOptions): TranslatedResource | undefined {
  const { address, externalTlsPort, accessLogPath } = gateway;
  if (externalTlsPort === 0 || certificates.length === 0) return undefined;
  const name = listenerNames.externalHttps;
  const settings = { routes: routeConfigurationNames.external, filters: [routerFilter], accessLogPath, trust: trustsNobody };
  const { value, ...resource } = listener(name, address, externalTlsPort, settings);
  const { filter_chains: chains, ...rest } = value;
  const [chain] = chains as readonly JsonObject[];
  return {
    ...resource,
    value: {
      ...rest,
      listener_filters: [{ name: 'envoy.filters.listener.tls_inspector', typed_config: { '@type': typeNames.tlsInspector } }],
      filter_chains: certificates.map(({ name: secretName, hosts }) => ({
        name: secretName,
        filter_chain_match: { server_names: [...hosts] },
        transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tlsContext(secretName) },
        ...chain,
      })),
    },
  };
}

function tlsContext(secretName: string): JsonObject {
  return {
    '@type': typeNames.downstreamTls,
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
      tls_certificate_sds_secret_configs: [{ name: secretName, sds_config: { ads: {}, resource_api_version: 'V3' } }],
      alpn_protocols: ['h2', 'http/1.1'],
    },
  };
}

export function activatorListeners({ activator }: TranslateOptions): readonly TranslatedResource[] {
  return [
    listener(listenerNames.activatorHttp1, activator.address, activator.http1Port, {
      routes: routeConfigurationNames.activator,
      // Holds the request until a pod can take it, and chooses the pod; the router then goes there.
      filters: [activatorFilter, routerFilter],
      // The gateway in front has logged the request already.
      accessLogPath: '',
      trust: trustsGateway,
    }),
  ];
}

interface ManagerSettings {
  readonly routes: string;
  readonly filters: readonly JsonObject[];
  readonly accessLogPath: string;
  /** What is believed of what a request says about its client. */
  readonly trust: JsonObject;
}

/** Whoever connects is the client. */
const trustsNobody: JsonObject = { use_remote_address: true };

/** The gateway has said who the client is, by which scheme it came, and given the request its id. */
const trustsGateway: JsonObject = {
  use_remote_address: true,
  xff_num_trusted_hops: 1,
  preserve_external_request_id: true,
};

function listener(name: string, address: string, port: number, settings: ManagerSettings): TranslatedResource {
  return {
    typeUrl: typeUrls.listener,
    name,
    value: {
      name,
      address: { socket_address: { address, port_value: port } },
      // One process serves it. Shared, a port that somebody else has would be answered by both, in turns.
      enable_reuse_port: false,
      filter_chains: [
        { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager(name, settings) }] },
      ],
    },
  };
}

function manager(statPrefix: string, { routes, filters, accessLogPath, trust }: ManagerSettings): JsonObject {
  return {
    '@type': typeNames.httpConnectionManager,
    stat_prefix: statPrefix,
    rds: {
      // Ten seconds, as Kourier: a listener whose routes do not come opens and answers 404.
      config_source: { ads: {}, initial_fetch_timeout: '10s', resource_api_version: 'V3' },
      route_config_name: routes,
    },
    http_filters: filters,
    ...(accessLogPath === '' ? {} : { access_log: [accessLog(accessLogPath)] }),
    ...trust,
    // How long a request may be silent is the revision's to say, and its sidecar's to hold it to.
    stream_idle_timeout: '0s',
    // Programs may send trailers over HTTP/1, as they may behind Knative's own proxies.
    http_protocol_options: { enable_trailers: true },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  };
}

const routerFilter: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': typeNames.router },
};

const activatorFilter: JsonObject = {
  name: 'sluice.filters.http.activator',
  typed_config: { '@type': typeNames.typedStruct, type_url: typeNames.activatorFilter, value: {} },
};

function accessLog(path: string): Json {
  return { name: 'envoy.access_loggers.file', typed_config: { '@type': typeNames.fileAccessLog, path } };
}
