/** A proxy that speaks TLS on either side, run from configuration over real sockets, and clients to ask it. */
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { createMeter, createSeededRandom, formatProblem, systemClock, systemTimers, type Address } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { startBootstrapProxy, type BootstrapProxy, type BootstrapProxyOptions } from '../config/bootstrap-proxy.ts';
import { parseBootstrap } from '../config/file-bootstrap.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import type { AcceptTransport } from '../network/system-network.ts';
import { createPoisonedNetwork } from './poisoned-network.ts';

export type Json = Readonly<Record<string, unknown>>;

const managerType = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const downstreamType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
const upstreamType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const logFormat = '%RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_TRANSPORT_FAILURE_REASON% %DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_PEER_URI_SAN% %REQUESTED_SERVER_NAME%\n';

export function downstreamTls(context: Json): Json {
  return { name: 'tls', typed_config: { '@type': downstreamType, ...context } };
}

export function upstreamTls(context: Json): Json {
  return { name: 'tls', typed_config: { '@type': upstreamType, ...context } };
}

/** A listener that sends everything to `backend`. */
export function tlsListener(transportSocket: Json | undefined, manager: Json = {}, listener: Json = {}): Json {
  return {
    name: 'front',
    stat_prefix: 'front',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: managerJson(manager) }], ...(transportSocket && { transport_socket: transportSocket }) }],
    ...listener,
  };
}

export function managerJson(fields: Json = {}): Json {
  return {
    '@type': managerType,
    stat_prefix: 'front',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'backend' } }] }] },
    http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
    access_log: [{ name: 'log', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: '/dev/stdout', log_format: { text_format_source: { inline_string: logFormat } } } }],
    ...fields,
  };
}

export function backendCluster(port: number, fields: Json = {}): Json {
  const endpoint = { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } };
  return { name: 'backend', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint] }] }, ...fields };
}

export interface TlsProxy {
  readonly running: BootstrapProxy;
  readonly address: Address;
  readonly logger: RecordingLogger;
  /** Lines of the access log, as they are written. */
  readonly lines: readonly string[];
  /** The sum over all labels that include these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
  request(options?: RequestOptions, body?: Buffer): Promise<TlsAnswer>;
  stop(): Promise<void>;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** @throws when the configuration has a problem */
export async function startTlsProxy(staticResources: Json, options: { readonly accept?: AcceptTransport } & Partial<BootstrapProxyOptions> = {}, bootstrap: Json = {}): Promise<TlsProxy> {
  const { accept = 'reused', ...more } = options;
  const loaded = await parseBootstrap(JSON.stringify({ static_resources: staticResources, ...bootstrap }), 'test.yaml', standardFilters);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const meter = createMeter();
  const logger = new RecordingLogger();
  const lines: string[] = [];
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters: standardFilters,
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    network: createPoisonedNetwork(accept),
    logger,
    meter,
    openAccessLog: () => ({ write: (text) => void lines.push(...text.toString().trimEnd().split('\n')) }),
    logDelayMsMax: 1,
    ...more,
  });
  if (!started.ok) throw new Error(started.problems.map(formatProblem).join('\n'));
  const running = started.value;
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const addressNow = (): Address => ({ host: '127.0.0.1', port: running.proxy.listeners()[0]?.port ?? 0 });
  return {
    running,
    get address() {
      return addressNow();
    },
    logger,
    lines,
    metric(name, labels = {}) {
      const samples = meter.collect().find((family) => family.name === name)?.samples ?? [];
      return samples.filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value)).reduce((sum, { value }) => sum + value, 0);
    },
    request: (requestOptions = {}, body) => ask({ agent, ...addressNow(), servername: 'a.test', ...requestOptions }, body),
    async stop() {
      agent.destroy();
      await running.stop();
    },
  };
}

/** One request over TLS. Rejects when no answer comes. */
export function ask(options: RequestOptions, body?: Buffer): Promise<TlsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<TlsAnswer>();
  const sent = httpsRequest(options, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
