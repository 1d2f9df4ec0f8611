/**
 * A proxy on real sockets whose filters and routes come from configuration, as users write it: what a filter does is
 * seen from its two ends. Behind it stands an upstream that remembers what it was asked.
 */
import { createMeter, createSeededRandom, formatProblem, silentLogger, systemClock, systemTimers, type Address, type Random } from '@sluice/kernel';
import { parseBootstrap } from '../config/file-bootstrap.ts';
import { startBootstrapProxy } from '../config/bootstrap-proxy.ts';
import { createPoisonedNetwork } from './poisoned-network.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import type { TestProtocol } from './http-peers.ts';
import { connectRaw, startRawUpstream, type RawPeer } from './raw-peer.ts';

export interface FilterFixtureOptions {
  /** `http_filters` without the router. Default none. */
  readonly filters?: readonly object[];
  /** Fields of the route configuration, besides `name` and `virtual_hosts`. */
  readonly table?: object;
  /** Fields of the bootstrap, besides its static resources. */
  readonly bootstrap?: object;
  /** What a line of the log says. Default `%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%`. */
  readonly logFormat?: string;
  /** Of the only access log. */
  readonly logFilter?: object;
  /** Fields of the only route, besides `match` and the cluster `backend`. */
  readonly route?: object;
  /** Fields of the only virtual host, besides `name`, `domains` and `routes`. */
  readonly virtualHost?: object;
  /** Instead of the only route. */
  readonly routes?: readonly object[];
  /** Fields of the cluster `backend`, besides its endpoint. */
  readonly cluster?: object;
  /** More clusters, by name, each with the addresses of its hosts. */
  readonly clusters?: Readonly<Record<string, readonly Address[]>>;
  /** Fields of the router. */
  readonly router?: object;
  /** Fields of the connection manager. */
  readonly manager?: object;
  /** What the upstream does with a connection. Default: answers each request 200 with the body `hello`. */
  readonly upstream?: (peer: RawPeer) => Promise<void>;
  readonly random?: Random;
  /** Clusters besides `backend`, by name: who is behind them. */
  readonly services?: Readonly<Record<string, FixtureService>>;
  /** What `backend` and its hosts speak. Default `h1`. */
  readonly protocol?: TestProtocol;
}

export interface FixtureService {
  readonly address: Address;
  /** Further hosts. */
  readonly more?: readonly Address[];
  /** Default `h1`. */
  readonly protocol?: TestProtocol;
}

export interface FilterFixture extends AsyncDisposable {
  /** Sends one request on a connection of its own and reads the whole answer. */
  request(request?: FixtureRequest): Promise<FixtureResponse>;
  connect(): Promise<RawPeer>;
  readonly address: Address;
  /** Heads that the usual upstream was sent. */
  readonly upstreamHeads: readonly string[];
  /** `<status> <flags> <details>` of the next stream that has ended and was not asked for yet. */
  nextLog(): Promise<string>;
  /** The sum over all labels that include these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
}

export interface FixtureRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface FixtureResponse {
  readonly status: number;
  /** Fields by lower-case name; of several lines of a name the values joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const typeOf = (name: string): string => `type.googleapis.com/${name}`;
const managerType = typeOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
const routerType = typeOf('envoy.extensions.filters.http.router.v3.Router');
const logType = typeOf('envoy.extensions.access_loggers.file.v3.FileAccessLog');

/** @throws when the configuration has a problem */
export async function startFilterProxy(options: FilterFixtureOptions): Promise<FilterFixture> {
  const upstreamHeads: string[] = [];
  const upstream = await startRawUpstream(options.upstream ?? ((peer) => answerHello(peer, upstreamHeads)));
  const meter = createMeter();
  const log = new LineQueue();
  const loaded = await parseBootstrap(JSON.stringify(bootstrapOf(options, upstream.address.port)), 'test.yaml', standardFilters);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters: standardFilters,
    clock: systemClock,
    timers: systemTimers,
    random: options.random ?? createSeededRandom(1),
    network: createPoisonedNetwork(),
    logger: silentLogger,
    meter,
    openAccessLog: () => log,
  });
  if (!started.ok) throw new Error(started.problems.map(formatProblem).join('\n'));
  const address = { host: '127.0.0.1', port: started.value.proxy.listeners()[0]?.port ?? 0 };
  const clients: RawPeer[] = [];
  const connect = async (): Promise<RawPeer> => {
    const client = await connectRaw(address);
    clients.push(client);
    return client;
  };
  return {
    address,
    upstreamHeads,
    nextLog: () => log.next(),
    connect,
    request: async (request = {}) => exchange(await connect(), request),
    metric(name, labels = {}) {
      const samples = meter.collect().find((family) => family.name === name)?.samples ?? [];
      const wanted = samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
      return wanted.reduce((sum, { value }) => sum + value, 0);
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await started.value.stop();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Lines as they are written; whoever is too early waits. */
class LineQueue {
  readonly #lines: string[] = [];
  #wake: (() => void) | undefined;

  write(lines: Buffer): void {
    this.#lines.push(...lines.toString().split('\n').filter((line) => line !== ''));
    this.#wake?.();
  }

  async next(): Promise<string> {
    while (this.#lines.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#lines.shift() ?? '';
  }
}

const usualLogFormat = '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%';

async function answerHello(peer: RawPeer, heads: string[]): Promise<void> {
  for (;;) {
    const head = await peer.readHead();
    heads.push(head);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (length > 0) await peer.readBytes(length);
    peer.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello');
  }
}

function bootstrapOf(options: FilterFixtureOptions, upstreamPort: number): object {
  const { filters = [], route = {}, virtualHost = {}, routes, services = {}, protocol = 'h1', cluster = {}, clusters = {}, router = {}, manager: ofManager = {}, ...more } = options;
  const { table = {}, bootstrap = {}, logFormat = usualLogFormat, logFilter } = more;
  const usual = [{ match: { prefix: '/' }, route: { cluster: 'backend' }, ...route }];
  const manager = {
    '@type': managerType,
    stat_prefix: 'test',
    generate_request_id: false,
    http_protocol_options: { enable_trailers: true },
    // A client that says it comes from 127.0.0.1, by x-forwarded-for, is one of our own.
    internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
    server_name: 'sluice',
    http_filters: [...filters, { name: 'router', typed_config: { '@type': routerType, suppress_envoy_headers: true, ...router } }],
    route_config: { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: routes ?? usual, ...virtualHost }], ...table },
    access_log: [
      {
        name: 'log',
        typed_config: { '@type': logType, path: '/dev/null', log_format: { text_format_source: { inline_string: `${logFormat}\n` } } },
        ...(logFilter ? { filter: logFilter } : {}),
      },
    ],
    ...ofManager,
  };
  return {
    ...bootstrap,
    static_resources: {
      listeners: [{ name: 'main', address: socketAddress(0), filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }] }],
      clusters: [
        { ...clusterOf('backend', { address: { host: '127.0.0.1', port: upstreamPort }, protocol }), ...cluster },
        ...Object.entries(services).map(([name, service]) => clusterOf(name, service)),
        ...Object.entries(clusters).map(([name, hosts]) => ({ name, type: 'STATIC', load_assignment: assignmentOf(name, hosts.map(({ port }) => port)) })),
      ],
    },
  };
}

const protocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function clusterOf(name: string, { address, more = [], protocol = 'h1' }: FixtureService): object {
  const http2 = { '@type': typeOf(protocolOptions), explicit_http_config: { http2_protocol_options: {} } };
  return {
    name,
    type: 'STATIC',
    load_assignment: assignmentOf(name, [address, ...more].map(({ port }) => port)),
    ...(protocol === 'h2' ? { typed_extension_protocol_options: { [protocolOptions]: http2 } } : {}),
  };
}

function assignmentOf(name: string, ports: readonly number[]): object {
  return { cluster_name: name, endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })) }] };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

async function exchange(client: RawPeer, { method = 'GET', path = '/', headers = {}, body = '' }: FixtureRequest): Promise<FixtureResponse> {
  const fields = { host: 'a.test', connection: 'close', ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  client.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  const head = await client.readHead();
  const rest = await client.readToEnd();
  const received: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1, -2)) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    received[name] = received[name] === undefined ? value : `${received[name]}, ${value}`;
  }
  const isChunked = received['transfer-encoding'] === 'chunked';
  return { status: Number(head.slice(9, 12)), headers: received, body: isChunked ? unchunk(rest) : rest };
}

/** The bytes of a chunked body; what stands behind its last chunk is left out. */
export function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
