/** The sidecar: the engine with the queue filter, and what the filter shares with the rest. */
import { formatProblem, MeshError, type Clock, type Logger, type Meter, type Network, type Random, type Timers, type Tracer } from '@sluice/kernel';
import {
  createFilterContexts,
  createProxy,
  createQueueFilterFactory,
  Drainer,
  RequestMetrics,
  routerFactory,
  type LoggedRevision,
  type Proxy,
  type QueueFilterDependencies,
  type QueueFilterValue,
  type RequestLog,
  type TransportSocket,
} from '@sluice/proxy';
import type { PodIdentity, QueueProxySettings } from './config.ts';
import type { LateProbes } from './late-probes.ts';
import { LoadMeter } from './load-meter.ts';
import { riseMinOf } from './rise-min.ts';
import { PatientNetwork } from './patient-network.ts';
import { olderLabelsOf } from './pod-resource.ts';
import { ProgramNetwork } from './program-network.ts';
import { ProgramProber } from './program-prober.ts';
import { makeFilter, makeStaticConfig } from './static-config.ts';

export interface QueueProxyOptions {
  readonly settings: QueueProxySettings;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** How requests come over TLS. Absent: they do not. */
  readonly transportSocket?: TransportSocket | undefined;
  readonly requestLog?: RequestLog | undefined;
  /** Where spans go. Absent: nowhere, and traces are passed on as they are. */
  readonly tracer?: Tracer | undefined;
  /** Loads what asks in other ways than HTTP/1.1 and TCP. */
  readonly loadLateProbes?: () => Promise<LateProbes>;
}

export interface QueueProxy {
  readonly proxy: Proxy;
  readonly load: LoadMeter;
  readonly drainer: Drainer;
  /** Listens. Rejects when the port cannot be had. */
  start(): Promise<void>;
  /** Probes fail from now on; resolves when no request has come for the quiet period and all have ended. */
  drain(): Promise<void>;
  /** Cuts everything now. */
  stop(): Promise<void>;
}

/** How long tunnels may stay open after everything else has ended. Knative's `waitForHijackedConns`. Milliseconds. */
const TUNNEL_DRAIN_MS = 60_000;

export function composeQueueProxy(options: QueueProxyOptions): QueueProxy {
  const { settings, network, clock, timers, random, logger } = options;
  const programNetwork = new ProgramNetwork(network, timers);
  const proxy = createProxy({ ...options, network: new PatientNetwork(programNetwork, { timers, random }) });
  const load = new LoadMeter(clock.now(), riseMinOf(settings));
  const overdue = options.meter.counter('sluice_drains_overdue_total', 'Drains that waited for requests beyond the quiet period.');
  const drainer = new Drainer({
    clock,
    timers,
    quietPeriodMs: settings.quietPeriodMs,
    // Tunnels may stay open for hours, and programs are told to close them by being told to go.
    isBusy: () => proxy.activeStreams > proxy.activeTunnels,
    onOverdue() {
      overdue.add();
      logger.info('drain waits beyond the quiet period', { activeRequests: proxy.activeStreams - proxy.activeTunnels });
    },
  });
  const prober =
    settings.probes.length === 0
      ? undefined
      : new ProgramProber({ ...settings, network, clock, timers, logger, keep: (connection, port) => (port === settings.userPort ? programNetwork.keep(connection) : connection.destroy()), ...(options.loadLateProbes ? { loadLateProbes: options.loadLateProbes } : {}) });
  const queueFactory = createQueueFilterFactory({ stats: load.stats, onRise: () => load.onRise(), drainer, ...(prober === undefined ? {} : { prober }), ...watchersOf(options) });
  const context = createFilterContexts(options)('queue');
  const filters = [makeFilter(queueFactory, queueValue(settings), context), makeFilter(routerFactory, { suppress_envoy_headers: true }, context)];

  return {
    proxy,
    load,
    drainer,
    async start() {
      const problems = await proxy.apply(makeStaticConfig(settings, filters, options.transportSocket));
      const errors = problems.filter(({ severity }) => severity === 'error');
      if (errors.length > 0) throw new MeshError('queue-proxy-not-started', errors.map(formatProblem).join('; '));
      proxy.start();
    },
    async drain() {
      logger.info('draining', { quietPeriodMs: settings.quietPeriodMs, activeRequests: proxy.activeStreams });
      const { promise, resolve } = Promise.withResolvers<void>();
      drainer.drain(() => resolve());
      await promise;
      // The longest a request may take; whoever started us may be less patient, and then ends us.
      await proxy.drain({ deadlineMs: settings.timeoutSeconds * 1000 + TUNNEL_DRAIN_MS });
    },
    stop: () => proxy.close(),
  };
}

/** Who looks at requests besides those who decide about them: only what is asked for. */
function watchersOf({ settings, meter, requestLog, tracer }: QueueProxyOptions): Partial<QueueFilterDependencies> {
  const { identity, metricNames, observability, userPort } = settings;
  const client = { server_address: '127.0.0.1', server_port: String(userPort) };
  return {
    ...(observability.requestMetrics.protocol === 'none'
      ? {}
      : { metrics: new RequestMetrics({ meter, names: metricNames, client, isProgram: true, olderPrefix: 'revision', olderLabels: olderLabelsOf(identity) }) }),
    ...(requestLog ? { requestLog: { log: requestLog, revision: loggedRevision(identity) } } : {}),
    ...(tracer ? { tracer } : {}),
  };
}

function loggedRevision({ namespace, service, configuration, revision, pod, podIp }: PodIdentity): LoggedRevision {
  return { name: revision, namespace, service, configuration, podName: pod, podIp };
}

function queueValue(settings: QueueProxySettings): QueueFilterValue {
  return {
    container_concurrency: settings.containerConcurrency,
    timeout_seconds: settings.timeoutSeconds,
    response_start_timeout_seconds: settings.responseStartTimeoutSeconds,
    idle_timeout_seconds: settings.idleTimeoutSeconds,
  };
}
