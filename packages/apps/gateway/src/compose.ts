/** The gateway: the engine, configured by the config service. What it was told last stays in force, whoever goes away. */
import type { Clock, Logger, Meter, Network, Random, Resolver, Timers, Tracer } from '@sluice/kernel';
import {
  ConfigApplier,
  createDataSources,
  createFileAccess,
  createFilterContexts,
  createProxy,
  Demands,
  healthOf,
  RebindListeners,
  standardFilters,
  StartWhenListening,
  WatchListenerMetadata,
  type AccessLogOutput,
  type Fleet,
  type ListenerBinding,
  type Proxy,
  type RegexEngine,
} from '@sluice/proxy';
import { createAdsClient, virtualHostDiscoveryFeature, type AdsClient, type AdsTransport, type Codec, type DeltaAdsTransport, type LoadStatsTransport, type Node } from '@sluice/xds';
import type { GatewaySettings } from './config.ts';
import { LoadReports } from './load-reports.ts';

export interface GatewayOptions {
  readonly settings: GatewaySettings;
  readonly transport: AdsTransport & DeltaAdsTransport & LoadStatsTransport;
  /** How discovery is spoken. Default `delta`: a change is told by itself, however much there is. */
  readonly variant?: 'delta' | 'sotw';
  readonly codec: Codec;
  readonly regexEngine: RegexEngine;
  readonly network: Network;
  readonly resolver?: Resolver;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Several workers in place of a proxy in this thread. */
  readonly fleet?: Fleet | undefined;
  readonly openAccessLog?: (path: string) => AccessLogOutput;
  /** Where spans go. Default nowhere. */
  readonly tracer?: Tracer;
  /** The config service says something of this proxy's own logs and metrics, in a form to be read. Default: nobody listens. */
  readonly onTelemetry?: ((settings: unknown) => void) | undefined;
}

export interface Gateway {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  readonly client: AdsClient;
  /** Connects; it serves, and is ready, as soon as there is something to serve. */
  start(): void;
  /** Finishes what runs, then stops. */
  drain(): Promise<void>;
  /** Ends it now. */
  stop(): Promise<void>;
}

/** The node group under which the config service knows gateways. */
const nodeCluster = 'sluice-gateway';

export function composeGateway(options: GatewayOptions): Gateway {
  const { settings } = options;
  const node = nodeOf(settings);
  const proxy = options.fleet ?? createProxy(options);
  const files = createFileAccess(options.timers);
  const demands = new Demands(options);
  const applier = new ConfigApplier({
    ...options,
    demands,
    target: proxy,
    tls: { transport: options.network.tls, files },
    filters: standardFilters,
    createContext: createFilterContexts({ ...options, demands, upstreams: proxy.upstreams, sources: createDataSources(files), health: healthOf(proxy, { nodeCluster }) }),
  });
  const client = createAdsClient({
    ...options,
    ...(options.variant === 'sotw' ? { variant: 'sotw' } : { variant: 'delta' }),
    node,
    consumer: new WatchListenerMetadata(new RebindListeners(new StartWhenListening(applier, proxy), (listener) => bindingOf(listener, settings)), 'sluice.telemetry', options.onTelemetry ?? (() => {})),
  });
  const load = new LoadReports({ ...options, proxy, applier, node, reportsAll: settings.loadReports === 'all' });

  demands.watch((wanted) => client.refer('requests', wanted));

  return {
    proxy,
    applier,
    client,
    start() {
      client.start();
      load.start();
    },
    async drain() {
      client.stop();
      load.stop();
      await proxy.drain({ graceMs: settings.drainGraceMs, deadlineMs: settings.drainDeadlineMs });
    },
    async stop() {
      client.stop();
      load.stop();
      applier.stop();
      await proxy.close();
    },
  };
}

function nodeOf({ identity: { pod, podIp, namespace } }: GatewaySettings): Node {
  return {
    id: `gateway~${podIp}~${pod}.${namespace}`,
    cluster: nodeCluster,
    metadata: { POD_NAME: pod, POD_IP: podIp, NAMESPACE: namespace },
    clientFeatures: [virtualHostDiscoveryFeature],
  };
}

function bindingOf(listener: string, { listenHost, httpPort, internalPort }: GatewaySettings): ListenerBinding {
  const port = { external_http: httpPort, internal_http: internalPort }[listener];
  return { ...(listenHost === undefined ? {} : { host: listenHost }), ...(port === undefined ? {} : { port }) };
}
