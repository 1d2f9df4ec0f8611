/**
 * Configurations for tests of the engine, written down directly: one listener, one connection manager, one
 * cluster unless more are asked for. Everything not said is Envoy's default, without the headers it adds.
 */
import type { Address } from '@sluice/kernel';
import { decodeCluster } from '@sluice/resources';
import { RouterFilter } from '../filters/router/router-filter.ts';
import type { ClusterConfig, ConnectionManagerConfig, ProxyConfig } from '../proxy-config.ts';
import type { TestProtocol } from './http-peers.ts';
import type { ForwardAction, RouteMatch, RouteTable } from '../route-match.ts';

const httpProtocolOptions = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** `follows`: as the client of each request speaks. */
export type ClusterProtocol = TestProtocol | 'follows';

const protocolConfigs: Readonly<Record<ClusterProtocol, object>> = {
  h1: { explicit_http_config: { http_protocol_options: {} } },
  h2: { explicit_http_config: { http2_protocol_options: {} } },
  follows: { use_downstream_protocol_config: {} },
};

export interface TestConfig {
  readonly version?: string;
  readonly listen?: Address;
  readonly upstreams: readonly Address[];
  readonly manager?: Partial<ConnectionManagerConfig>;
  readonly cluster?: Partial<ClusterConfig>;
  readonly route?: Partial<ForwardAction>;
  /** Instead of one route for everything. */
  readonly routes?: RouteTable;
  readonly connectionsMax?: number;
  /** What the cluster's hosts are spoken to in. Default `h1`. */
  readonly protocol?: ClusterProtocol;
}

export function createTestConfig(test: TestConfig): ProxyConfig {
  const version = test.version ?? '1';
  return {
    version,
    listeners: new Map([
      ['main', {
        name: 'main',
        version: 'listener-1',
        address: test.listen ?? { host: '127.0.0.1', port: 0 },
        reusePort: false,
        connectionsMax: test.connectionsMax ?? 10_000,
        bufferBytesMax: 1_048_576,
        filterChains: [{ name: 'chain', manager: createTestManager({ routes: test.routes ?? routeEverything(test.route), ...test.manager }) }],
      }],
    ]),
    clusters: new Map([['backend', createTestCluster('backend', test.upstreams, test.cluster, test.protocol)]]),
  };
}

export function createTestManager(changes: Partial<ConnectionManagerConfig> = {}): ConnectionManagerConfig {
  return {
    statPrefix: 'test',
    routes: routeEverything(),
    filters: [new RouterFilter({ suppressEnvoyHeaders: true })],
    accessLogs: [],
    serverName: 'sluice',
    serverHeaderMode: 'pass-through',
    via: '',
    useRemoteAddress: false,
    skipForwardedForAppend: false,
    trustedHops: 0,
    generateRequestId: false,
    preserveExternalRequestId: false,
    alwaysSetRequestIdInResponse: false,
    acceptHttp10: true,
    normalizePath: true,
    mergeSlashes: false,
    rejectUnderscores: false,
    dropUnderscores: false,
    upgrades: ['websocket'],
    headBytesMax: 60 * 1024,
    headerCountMax: 100,
    requestHeadTimeoutMs: 0,
    requestTimeoutMs: 0,
    streamIdleTimeoutMs: 300_000,
    streamDurationMaxMs: 0,
    idleTimeoutMs: 3_600_000,
    drainTimeoutMs: 5_000,
    delayedCloseTimeoutMs: 1_000,
    requestsPerConnectionMax: 0,
    ...changes,
  };
}

/** A cluster of type STATIC over these addresses. */
export function createTestCluster(name: string, upstreams: readonly Address[], changes: Partial<ClusterConfig> = {}, protocol: ClusterProtocol = 'h1'): ClusterConfig {
  const lb_endpoints = upstreams.map(({ host, port }) => ({ endpoint: { address: { socket_address: { address: host, port_value: port } } } }));
  const typed_extension_protocol_options = { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { '@type': httpProtocolOptions, ...protocolConfigs[protocol] } };
  const decoded = decodeCluster({ name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] }, typed_extension_protocol_options });
  if (!decoded.ok) throw new TypeError(`the cluster of a test is wrong: ${JSON.stringify(decoded.problems)}`);
  const { discovery } = decoded.value;
  return {
    name,
    version: 'cluster-1',
    resource: decoded.value,
    assignment: discovery.kind === 'STATIC' ? discovery.assignment : undefined,
    assignmentVersion: JSON.stringify(upstreams),
    connectTimeoutMs: 1_000,
    ...limits,
    highPriority: limits,
    requestsPerConnectionMax: 0,
    idleTimeoutMs: 3_600_000,
    ...changes,
  };
}

/** Envoy's defaults. */
const limits = { connectionsMax: 1024, pendingRequestsMax: 1024, requestsMax: 1024, retriesMax: 3 };

/** One route that sends every request to `backend`. */
export function routeEverything(changes: Partial<ForwardAction> = {}): RouteTable {
  const match = createTestRoute(changes);
  return { name: 'everything', match: () => match };
}

export function createTestRoute(changes: Partial<ForwardAction> = {}): RouteMatch {
  return {
    routeName: 'all',
    virtualHostName: 'all',
    action: { kind: 'forward', clusterName: 'backend', timeoutMs: 15_000, idleTimeoutMs: undefined, upgrades: new Map(), clusterNotFoundStatus: 503, isHighPriority: false, tries: undefined, hash: undefined, ...changes },
    changeRequest: undefined,
    changeResponse: undefined,
    streamDuration: undefined,
    perFilter: new Map(),
    filterSwitches: undefined,
  };
}
