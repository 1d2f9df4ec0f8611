/** Listeners: an address, a connection manager, and the filters a request passes. */
import { typeUrls } from '@sluice/resources';
import type { ComponentTelemetry, EdgePassage } from '@sluice/serving';

import { misdirectedFilters, misdirectedReplies } from './edge/misdirected.ts';
import { routingTlsContext } from './internal-tls.ts';
import { edgeFilterNames, listenerNames, routeConfigurationNames, typeNames } from './names.ts';
import { noTraces, type TraceOptions, type TranslateOptions } from './options.ts';
import type { Json, JsonObject, TranslatedResource } from './resource.ts';

/** Key of a listener's metadata under which the proxy finds what it is to say of itself. */
const telemetryMetadata = 'sluice.telemetry';

/** Which filters routes speak to, so that the others need not be there. */
export interface FilterUse {
  /** Policies for other origins. */
  readonly cors: boolean;
  /** Clients that come back to their pods. */
  readonly session: boolean;
  /** Names, several of which are served on one port over TLS: what is asked for on the connection of another is sent back. */
  readonly tlsNames: readonly string[];
}

const usesNone: FilterUse = { cors: false, session: false, tlsNames: [] };

/** Listeners that are there whatever is served. @param use of routes for outside */
export function gatewayListeners({ gateway }: TranslateOptions, traces: TraceOptions = noTraces, use = usesNone): readonly TranslatedResource[] {
  const { address, externalPort, internalPort, accessLogPath } = gateway;
  const edge = { filters: [routerFilter], accessLogPath, trust: trustsNobody, traces };
  const external = listener(listenerNames.externalHttp, address, externalPort, { ...edge, filters: filtersOf(use), routes: routeConfigurationNames.external });
  if (internalPort === 0) return [external];
  return [external, listener(listenerNames.internalHttp, address, internalPort, { ...edge, routes: routeConfigurationNames.internal })];
}

/** For whom: clients outside, or those in the cluster. */
export type TlsSide = 'external' | 'internal';

/** Who asks for one of these names is shown one of these Secrets. */
export interface TlsChain {
  readonly name: string;
  /** Empty: whoever asks for none of the others. */
  readonly serverNames: readonly string[];
  readonly secrets: readonly string[];
  /** Its bytes are handed on. */
  readonly passedTo?: EdgePassage;
}

/**
 * A chain for each certificate, chosen by the name that the client asks for. A client that asks for none of them is
 * not served: any certificate would be the wrong one. Undefined while there is nothing to show.
 */
export function gatewayTlsListener(side: TlsSide, chains: readonly TlsChain[], { gateway }: TranslateOptions, traces: TraceOptions = noTraces, use = usesNone): TranslatedResource | undefined {
  const { address, externalTlsPort, internalTlsPort, accessLogPath } = gateway;
  const isExternal = side === 'external';
  const port = isExternal ? externalTlsPort : internalTlsPort;
  if (port === 0 || chains.length === 0) return undefined;
  const settings = { ...misdirectedReplies(use.tlsNames), routes: isExternal ? routeConfigurationNames.externalTls : routeConfigurationNames.internal, filters: filtersOf(use), accessLogPath, trust: trustsNobody, traces };
  return withChains(listener(isExternal ? listenerNames.externalHttps : listenerNames.internalHttps, address, port, settings), chains);
}

/** A port of Gateways beside the two that are there anyway. @param chains undefined: without TLS */
export function gatewayPortListener(table: string, port: number, chains: readonly TlsChain[] | undefined, { gateway }: TranslateOptions, traces: TraceOptions, use: FilterUse): TranslatedResource {
  const { address, accessLogPath } = gateway;
  const plain = listener(table, address, port, { ...misdirectedReplies(use.tlsNames), routes: table, filters: filtersOf(use), accessLogPath, trust: trustsNobody, traces });
  return chains ? withChains(plain, chains) : plain;
}

function withChains({ value, ...resource }: TranslatedResource, chains: readonly TlsChain[]): TranslatedResource {
  const { filter_chains: plain, ...rest } = value;
  const [chain] = plain as readonly JsonObject[];
  return {
    ...resource,
    value: {
      ...rest,
      listener_filters: [{ name: 'envoy.filters.listener.tls_inspector', typed_config: { '@type': typeNames.tlsInspector } }],
      filter_chains: chains.map(({ name, serverNames, secrets, passedTo }) => ({
        name,
        ...(serverNames.length === 0 ? {} : { filter_chain_match: { server_names: [...serverNames] } }),
        ...(secrets.length === 0 ? {} : { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tlsContext(secrets, passedTo ? [] : ['h2', 'http/1.1']) } }),
        ...(passedTo ? { filters: passageFilters(passedTo) } : chain),
      })),
    },
  };
}

/** Nobody to hand them to: a chain without filters closes its connections, and so does a share that leads to a cluster that is not there. */
function passageFilters({ source, shares, lostWeight }: EdgePassage): readonly JsonObject[] {
  if (shares.length === 0) return [];
  const clusters = [...shares.map(({ backend, weight }) => ({ name: backend, weight })), ...(lostWeight === 0 ? [] : [{ name: nobody, weight: lostWeight }])];
  return [{ name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': typeNames.tcpProxy, stat_prefix: source, weighted_clusters: { clusters } } }];
}

/** A cluster that there never is. */
const nobody = 'edge:nobody';

/** A port whose bytes are handed on as they are. */
export function gatewayTcpListener(table: string, port: number, passage: EdgePassage, { gateway }: TranslateOptions): TranslatedResource {
  const address = { socket_address: { address: gateway.address, port_value: port } };
  return { typeUrl: typeUrls.listener, name: table, value: { name: table, address, enable_reuse_port: false, filter_chains: [{ filters: passageFilters(passage) }] } };
}

function filtersOf({ cors, session, tlsNames }: FilterUse): readonly JsonObject[] {
  return [...misdirectedFilters(tlsNames), ...(cors ? [corsFilter] : []), ...(session ? [sessionFilter] : []), routerFilter];
}

function tlsContext(secrets: readonly string[], protocols: readonly string[]): JsonObject {
  return {
    '@type': typeNames.downstreamTls,
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
      tls_certificate_sds_secret_configs: secrets.map((name) => ({ name, sds_config: { ads: {}, resource_api_version: 'V3' } })),
      ...(protocols.length === 0 ? {} : { alpn_protocols: [...protocols] }),
    },
  };
}

/**
 * Both speak HTTP/1.1 and HTTP/2: Knative has a port for each, and its peers look there.
 * @param isSecured there is a certificate for a third, where the same is spoken over TLS
 */
export function activatorListeners({ activator }: TranslateOptions, traces: TraceOptions = noTraces, isSecured = false): readonly TranslatedResource[] {
  const settings: ManagerSettings = {
    routes: routeConfigurationNames.activator,
    // Holds the request until a pod can take it, and chooses the pod; the router then goes there.
    filters: [activatorFilter, routerFilter],
    // The gateway in front has logged the request already.
    accessLogPath: '',
    trust: trustsGateway,
    traces,
  };
  const { address, http1Port, h2cPort, tlsPort } = activator;
  return [
    listener(listenerNames.activatorHttp1, address, http1Port, settings),
    ...(h2cPort === 0 ? [] : [listener(listenerNames.activatorH2c, address, h2cPort, settings)]),
    ...(tlsPort === 0 || !isSecured ? [] : [securedListener(listener(listenerNames.activatorHttps, address, tlsPort, settings))]),
  ];
}

/** With one certificate, whatever name a client asks for. */
function securedListener({ value, ...resource }: TranslatedResource): TranslatedResource {
  const [chain] = value['filter_chains'] as readonly JsonObject[];
  return { ...resource, value: { ...value, filter_chains: [{ transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: routingTlsContext() }, ...chain }] } };
}

/**
 * The first of them says what the proxy is to do with its own logs and metrics: it reads no ConfigMaps. In metadata, which
 * proxies of others pass over.
 */
export function withTelemetry(listeners: readonly TranslatedResource[], telemetry: ComponentTelemetry | undefined): readonly TranslatedResource[] {
  const [first, ...others] = listeners;
  if (!first || !telemetry) return listeners;
  const { logLevel, metrics, isProfiling, requestLog } = telemetry;
  const said: JsonObject = {
    metrics: { ...metrics },
    isProfiling,
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(requestLog === undefined ? {} : { requestLog: { ...requestLog } }),
  };
  return [{ ...first, value: { ...first.value, metadata: { filter_metadata: { [telemetryMetadata]: said } } } }, ...others];
}

interface ManagerSettings {
  readonly routes: string;
  readonly filters: readonly JsonObject[];
  readonly accessLogPath: string;
  /** What is believed of what a request says about its client. */
  readonly trust: JsonObject;
  readonly traces: TraceOptions;
  /** What becomes of the proxy's own answers. Absent: nothing. */
  readonly replies?: JsonObject;
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

function manager(statPrefix: string, { routes, filters, accessLogPath, trust, traces, replies }: ManagerSettings): JsonObject {
  return {
    '@type': typeNames.httpConnectionManager,
    stat_prefix: statPrefix,
    rds: {
      // Ten seconds, as Kourier: a listener whose routes do not come opens and answers 404.
      config_source: { ads: {}, initial_fetch_timeout: '10s', resource_api_version: 'V3' },
      route_config_name: routes,
    },
    http_filters: filters,
    ...(replies === undefined ? {} : { local_reply_config: replies }),
    ...(accessLogPath === '' ? {} : { access_log: [accessLog(accessLogPath)] }),
    ...tracing(traces),
    ...trust,
    // How long a request may be silent is the revision's to say, and its sidecar's to hold it to.
    stream_idle_timeout: '0s',
    // Programs may send trailers over HTTP/1, as they may behind Knative's own proxies.
    http_protocol_options: { enable_trailers: true },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  };
}

/** Whoever calls decides for the whole trace; of the others a share. A client's wish alone is none. */
function tracing({ protocol, endpoint, samplingRate }: TraceOptions): JsonObject {
  if (protocol === 'none' || protocol === 'stdout') return {};
  const collector: JsonObject =
    protocol === 'grpc' ? { grpc_service: { google_grpc: { target_uri: endpoint, stat_prefix: 'opentelemetry' } } } : { http_service: { http_uri: { uri: urlOf(endpoint), cluster: 'opentelemetry', timeout: '10s' } } };
  return {
    tracing: {
      client_sampling: { value: 0 },
      random_sampling: { value: samplingRate * 100 },
      overall_sampling: { value: 100 },
      provider: { name: 'envoy.tracers.opentelemetry', typed_config: { '@type': typeNames.openTelemetry, ...collector } },
    },
  };
}

/** Knative's endpoints may come without a scheme. */
function urlOf(endpoint: string): string {
  return endpoint.includes('://') ? endpoint : `http://${endpoint}`;
}

const routerFilter: JsonObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': typeNames.router },
};

const corsFilter: JsonObject = {
  name: edgeFilterNames.cors,
  typed_config: { '@type': typeNames.cors },
};

/** Holds nobody, but where a route says so. */
const sessionFilter: JsonObject = {
  name: edgeFilterNames.session,
  typed_config: { '@type': typeNames.typedStruct, type_url: typeNames.statefulSession, value: {} },
};

const activatorFilter: JsonObject = {
  name: 'sluice.filters.http.activator',
  typed_config: { '@type': typeNames.typedStruct, type_url: typeNames.activatorFilter, value: {} },
};

function accessLog(path: string): Json {
  return { name: 'envoy.access_loggers.file', typed_config: { '@type': typeNames.fileAccessLog, path } };
}
