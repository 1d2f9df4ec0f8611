/** The activator: the engine with the activator filter, a throttler per revision, and word to the autoscaler. */
import { ConcurrencyReporter } from '@sluice/admission';
import type { Clock, Logger, Meter, Network, Random, Timers, Tracer } from '@sluice/kernel';
import {
  ConfigApplier,
  createFileAccess,
  createActivatorFilterFactory,
  createFilterContexts,
  createProxy,
  RebindListeners,
  routerFactory,
  StartWhenListening,
  WatchListenerMetadata,
  type AccessLogOutput,
  type ColdStart,
  type Proxy,
  type RegexEngine,
  type RequestLog,
} from '@sluice/proxy';
import { createStatSender, type StatSender } from '@sluice/stats';
import { AheadReports, createAdsClient, createLoadReporter, type AdsTransport, type ClusterLoad, type Codec, type LoadStatsTransport } from '@sluice/xds';
import type { ActivatorSettings } from './config.ts';
import { ColdStartMetrics } from './cold-start-metrics.ts';
import { RevisionTable, type RevisionStatus } from './revision-table.ts';
import { StockStatistics } from './stock-statistics.ts';

export interface ActivatorOptions {
  readonly settings: ActivatorSettings;
  readonly transport: AdsTransport & LoadStatsTransport;
  readonly codec: Codec;
  readonly regexEngine: RegexEngine;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly openAccessLog?: (path: string) => AccessLogOutput;
  /** A line for each request, as it is wanted now. Default none. */
  readonly requestLog?: (() => RequestLog | undefined) | undefined;
  /** The config service says something of this activator's own logs and metrics, in a form to be read. Default: nobody listens. */
  readonly onTelemetry?: ((settings: unknown) => void) | undefined;
  /** Where spans go. Default nowhere. */
  readonly tracer?: Tracer;
}

export interface Activator {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  /** Connects; it serves as soon as there is something to serve. */
  start(): void;
  /** Probes fail from now on; finishes what runs and waits, then stops. */
  drain(): Promise<void>;
  /** Ends it now. */
  stop(): Promise<void>;
  /** The throttler of each revision. */
  revisions(): readonly RevisionStatus[];
}

export function composeActivator(options: ActivatorOptions): Activator {
  const { settings, transport, clock, logger } = options;
  const reporter = new ConcurrencyReporter();
  const { identity, probing, metricNames } = settings;
  const revisions = new RevisionTable({ ...options, reporter, identity, ownAddress: identity.podIp, probing, metricNames });
  const node = nodeOf(settings);
  let isTerminating = false;
  let hasReached = false;
  const coldStarts = new ColdStartMetrics(options.meter);
  /** Those that nobody has been told of yet, by revision. */
  const untold = new Map<string, ColdStart>();
  const sender = openStatSender(options);
  const stock = sender && new StockStatistics({ ...options, sender, podName: identity.pod });

  const { idleConnections } = settings;
  const isLimited = idleConnections.totalMax > 0 || idleConnections.perHostMax > 0;
  const proxy = createProxy(isLimited ? { ...options, clusterManager: { idleConnections } } : options);
  const applier = new ConfigApplier({
    ...options,
    tls: { transport: options.network.tls, files: createFileAccess(options.timers) },
    target: {
      async apply(config) {
        const problems = await proxy.apply(config);
        if (proxy.config === config) revisions.update(config.clusters);
        return problems;
      },
    },
    filters: [
      createActivatorFilterFactory({
        revisions,
        reporter: stock ? reportToBoth(reporter, stock) : reporter,
        ...(options.requestLog ? { requestLog: options.requestLog } : {}),
        ...(options.tracer ? { tracer: options.tracer } : {}),
        onRise: (revision) => reportAhead.tell(revision),
        onColdStart: (coldStart) => {
          coldStarts.observe(coldStart);
          untold.set(coldStart.revision, coldStart);
          logger.info('cold start', describeColdStart(coldStart, clock));
        },
        findFault: () => (isTerminating ? 'received SIGTERM from kubelet' : isReached() ? undefined : 'connection has not yet been established'),
      }),
      routerFactory,
    ],
    createContext: createFilterContexts(options),
  });
  const { listenHost } = settings;
  const rebound = new RebindListeners(new StartWhenListening(applier, proxy), () => (listenHost === undefined ? undefined : { host: listenHost }));
  const consumer = new WatchListenerMetadata(rebound, 'sluice.telemetry', options.onTelemetry ?? (() => {}));
  const client = createAdsClient({ ...options, node, consumer });
  /** Until somebody has heard of it, its requests would wake nobody. Later it goes on with what it was told. */
  function isReached(): boolean {
    hasReached ||= loadReporter.connected || sender?.connected === true;
    return hasReached;
  }
  options.meter.observedGauge('kn_activator_stats_conn_reachable', 'Whether the autoscaler can be told of requests.', () => (loadReporter.connected || sender?.connected ? 1 : 0), { peer: 'autoscaler' });
  const loadReporter = createLoadReporter({ ...options, transport, node, source: (now, only) => readLoads(reporter, settings, now, only, untold) });
  const reportAhead = new AheadReports(loadReporter, options.timers);

  return {
    proxy,
    applier,
    start() {
      client.start();
      loadReporter.start();
      stock?.start();
    },
    async drain() {
      isTerminating = true;
      await proxy.drain({ graceMs: settings.drainGraceMs, deadlineMs: settings.drainDeadlineMs });
      await this.stop();
    },
    async stop() {
      client.stop();
      loadReporter.stop();
      stock?.stop();
      applier.stop();
      await proxy.close();
      revisions.close();
    },
    revisions: () => revisions.status(),
  };
}

function openStatSender({ settings, network, timers, random, logger, meter }: ActivatorOptions): StatSender | undefined {
  const { stockAutoscaler } = settings;
  if (!stockAutoscaler) return undefined;
  const errors = meter.counter('kn_activator_stats_conn_errors_total', 'How often the connection to the autoscaler was lost.', { peer: 'autoscaler' });
  const onConnection = (isConnected: boolean): void => {
    if (!isConnected) errors.add();
  };
  return createStatSender({ network, address: stockAutoscaler, timers, random, logger, meter, onConnection });
}

function reportToBoth(reporter: ConcurrencyReporter, stock: StockStatistics): Pick<ConcurrencyReporter, 'requestIn' | 'requestOut'> {
  return {
    requestIn(revision, now) {
      stock.requestIn(revision, now);
      return reporter.requestIn(revision, now);
    },
    requestOut(revision, now) {
      stock.requestOut(revision, now);
      reporter.requestOut(revision, now);
    },
  };
}

function nodeOf({ identity }: ActivatorSettings) {
  const { pod, podIp, namespace } = identity;
  return {
    id: `activator~${podIp}~${pod}.${namespace}`,
    cluster: 'sluice-activator',
    metadata: { POD_NAME: pod, POD_IP: podIp, NAMESPACE: namespace },
  };
}

/**
 * @param only the one revision to report on ahead of time
 * @param untold what is told with the regular report, which comes soon enough
 */
function readLoads(reporter: ConcurrencyReporter, { identity }: ActivatorSettings, now: number, only: string | undefined, untold: Map<string, ColdStart>): readonly ClusterLoad[] {
  const ahead = only === undefined ? undefined : reporter.reportAhead(only);
  const reports = only === undefined ? reporter.report(now) : ahead ? [ahead] : [];
  const loads = reports.map(({ revision, averageConcurrency, requestCount }) => ({
    cluster: revision,
    address: { host: identity.podIp, port: 8012 },
    requestsInProgress: reporter.concurrency(revision),
    averageConcurrentRequests: averageConcurrency,
    // All of it came through an activator: this one, which is where it is counted.
    averageProxiedConcurrentRequests: 0,
    requestCount,
    proxiedRequestCount: 0,
    ...(only === undefined ? toldNow(untold.get(revision)) : {}),
  }));
  if (only === undefined) untold.clear();
  return loads;
}

function toldNow(coldStart: ColdStart | undefined): Pick<ClusterLoad, 'coldStart'> {
  if (!coldStart) return {};
  const { arrivedAt, forwardedAt, firstByteAt } = coldStart;
  return { coldStart: { waitMs: forwardedAt - arrivedAt, firstByteMs: firstByteAt - forwardedAt } };
}

/** With the moments on the wall clock, to be joined with what others saw. */
function describeColdStart({ revision, arrivedAt, forwardedAt, firstByteAt }: ColdStart, clock: Clock): Record<string, unknown> {
  const offsetMs = clock.wallTime() - clock.now();
  return {
    revision,
    arrivedAtMs: arrivedAt + offsetMs,
    forwardedAtMs: forwardedAt + offsetMs,
    firstByteAtMs: firstByteAt + offsetMs,
    waitedMs: forwardedAt - arrivedAt,
  };
}
