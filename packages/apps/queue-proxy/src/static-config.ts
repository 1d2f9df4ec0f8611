/**
 * The engine's configuration in this seat: one listener, the queue filter, and one cluster that is the program.
 *
 * It is written in the engine's own terms and not as resources to be decoded: it never changes, it comes from
 * nobody that could be wrong about it, and reading resources is half of what a sidecar would load to start.
 */
import type { Checked } from '@sluice/kernel';
import { defaultHttp2Options } from '@sluice/proxy';
import type { ClusterConfig, ConnectionManagerConfig, FilterContext, FilterChainConfig, FilterFactory, HttpFilter, ListenerConfig, ProxyConfig, RouteMatch, TransportSocket } from '@sluice/proxy';
import type { QueueProxySettings } from './config.ts';

/** Name of the listener that takes requests. */
export const servingListener = 'queue';

/** And of the one that takes them over TLS. */
const tlsListener = 'queue-tls';

const programCluster = 'app';

/** It never changes, so one version is enough. */
const version = '1';

/** Connections to the program that may lie idle when it has no limit of its own. Knative's number. */
const IDLE_CONNECTIONS_MAX = 1000;

/** For a handshake, as Envoy's. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Envoy's default for the bytes that may wait for one slow peer. */
const BUFFER_BYTES_MAX = 1_048_576;

/**
 * @param filters in the order in which requests pass them, the router last
 * @param transportSocket for the port of TLS; without one there is no such port
 */
export function makeStaticConfig(settings: QueueProxySettings, filters: readonly HttpFilter[], transportSocket?: TransportSocket): ProxyConfig {
  const manager = makeManager(settings, filters);
  const listeners = [makeListener(servingListener, settings, settings.servingPort, { name: servingListener, manager })];
  if (transportSocket) {
    listeners.push(makeListener(tlsListener, settings, settings.tlsPort, { name: tlsListener, manager, transportSocket, transportSocketTimeoutMs: HANDSHAKE_TIMEOUT_MS }));
  }
  return {
    version,
    listeners: new Map(listeners.map((listener) => [listener.name, listener])),
    clusters: new Map([[programCluster, makeCluster(settings)]]),
  };
}

/** A filter from its configuration as it would stand in a resource. */
export function makeFilter(factory: FilterFactory, value: object, context: FilterContext): HttpFilter {
  const decoded: Checked<unknown> = factory.decode(value, factory.name);
  if (!decoded.ok) throw new TypeError(`the configuration of ${factory.name} is wrong: ${JSON.stringify(decoded.problems)}`);
  return factory.create(decoded.value, context);
}

/**
 * The address to listen on. Everywhere but on a laptop a pod has a network of its own; there pods share one, each
 * with a loopback address, and a listener on all addresses would take the port from the others.
 */
export function listenHost(podIp: string): string {
  if (podIp.startsWith('127.')) return podIp;
  return podIp.includes(':') ? '::' : '0.0.0.0';
}

function makeListener(name: string, { identity }: QueueProxySettings, port: number, chain: FilterChainConfig): ListenerConfig {
  return {
    name,
    version,
    address: { host: listenHost(identity.podIp), port },
    reusePort: false,
    connectionsMax: 10_000,
    bufferBytesMax: BUFFER_BYTES_MAX,
    filterChains: [chain],
  };
}

/** Whatever is not said here is as Envoy's defaults have it. */
function makeManager({ identity, observability: { tracing } }: QueueProxySettings, filters: readonly HttpFilter[]): ConnectionManagerConfig {
  return {
    statPrefix: servingListener,
    routes: { name: programCluster, match: () => toProgram },
    filters,
    accessLogs: [],
    // Whoever calls decides; of those that have not been decided about, a share. Our own word for it overrules nobody's.
    ...(tracing === undefined ? {} : { tracing: { clientRatio: 0, randomRatio: tracing.samplingRatio, overallRatio: 1, pathBytesMax: 256, kind: 'server', origin: { serviceName: identity.service || identity.revision, collector: '' }, packsReason: true, samplesById: true, tags: [] } }),
    // The program's own headers pass as they are: the sidecar is not there for its clients.
    serverName: '',
    serverHeaderMode: 'pass-through',
    via: '',
    // The gateway has said who the client is; the sidecar's peer is only the last hop.
    useRemoteAddress: false,
    leavesForwardedProto: true,
    skipForwardedForAppend: false,
    trustedHops: 0,
    generateRequestId: false,
    preserveExternalRequestId: true,
    alwaysSetRequestIdInResponse: false,
    acceptHttp10: true,
    normalizePath: false,
    mergeSlashes: false,
    rejectUnderscores: false,
    dropUnderscores: false,
    upgrades: ['websocket'],
    headBytesMax: 60 * 1024,
    headerCountMax: 100,
    // Knative's read-header timeout.
    requestHeadTimeoutMs: 60_000,
    requestTimeoutMs: 0,
    // How long a request may take or be silent is the revision's to say: see the queue filter.
    streamIdleTimeoutMs: 0,
    streamDurationMaxMs: 0,
    idleTimeoutMs: 3_600_000,
    drainTimeoutMs: 5000,
    delayedCloseTimeoutMs: 1000,
    requestsPerConnectionMax: 0,
  };
}

const toProgram: RouteMatch = {
  routeName: programCluster,
  virtualHostName: programCluster,
  action: {
    kind: 'forward',
    clusterName: programCluster,
    timeoutMs: 0,
    idleTimeoutMs: undefined,
    upgrades: new Map(),
    clusterNotFoundStatus: 503,
    isHighPriority: false,
    tries: undefined,
    hash: undefined,
  },
  changeRequest: undefined,
  changeResponse: undefined,
  streamDuration: undefined,
  perFilter: new Map(),
  filterSwitches: undefined,
};

function makeCluster({ userPort, containerConcurrency }: QueueProxySettings): ClusterConfig {
  const idleConnections = containerConcurrency > 0 ? containerConcurrency : IDLE_CONNECTIONS_MAX;
  // The queue filter is the limit; these must never be met, so they are far away.
  const limits = { connectionsMax: idleConnections * 100, pendingRequestsMax: 1_000_000, requestsMax: 1_000_000, retriesMax: 3, retryBudget: undefined };
  // Programs of port h2c hear HTTP/2, since their requests come by it; all others hear HTTP/1, for the same reason.
  const http = { idleTimeoutMs: 3_600_000, requestsPerConnectionMax: 0, http2: defaultHttp2Options, followsDownstream: true } as const;
  const address = { host: '127.0.0.1', port: userPort };
  const endpoint = { address, hostname: '', healthStatus: 'UNKNOWN' as const, weight: 1, metadata: {}, healthCheck: { port: 0, hostname: '', isDisabled: true } };
  const assignment = {
    clusterName: programCluster,
    localities: [{ locality: undefined, endpoints: [endpoint], weight: undefined, priority: 0 }],
    overprovisioningPercent: 140,
  };
  const connectTimeoutMs = 5000;
  return {
    name: programCluster,
    version,
    resource: {
      name: programCluster,
      statName: programCluster,
      discovery: { kind: 'STATIC', assignment },
      connectTimeoutMs,
      connectionBufferBytesMax: BUFFER_BYTES_MAX,
      loadBalancing: { kind: 'ROUND_ROBIN', slowStart: undefined },
      commonLb: {
        panicThresholdRatio: 0.5,
        failTrafficOnPanic: false,
        weightsLocalities: false,
        ignoresNewHostsUntilFirstCheck: false,
        hashing: { useHostnameForHashing: false, hashBalanceFactor: 0 },
      },
      outlierDetection: undefined,
      healthCheck: undefined,
      circuitBreakers: { default: limits, high: limits },
      http,
      metadata: {},
    },
    assignment,
    assignmentVersion: version,
    connectTimeoutMs,
    ...limits,
    highPriority: limits,
    ...http,
  };
}
