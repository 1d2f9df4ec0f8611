/** Everything the sidecar needs besides serving: logs, load reports, side servers, and its end. */
import { collectAllGarbage, formatProblem, parseAddress, type Clock, type Meter, type Random, type Timers } from '@sluice/kernel';
import type { Proxy } from '@sluice/proxy';
import { openLogger, openProfiler, startMetricsPush, startMetricsServer, withMetricNames, type DeferredLogger, type OpenTracer } from '@sluice/telemetry';
import { loadCodec, openChannelTls, openGrpcTransport } from '@sluice/xds';
import type { QueueProxy } from './compose.ts';
import type { QueueProxySettings } from './config.ts';
import { createLoadReports } from './load-reports.ts';
import { believeFurther } from './further-authorities.ts';
import { giveBackWhenUnused } from './give-back.ts';
import { loadInTurns, turn } from './in-turns.ts';
import { describePod, olderLabelsOf } from './pod-resource.ts';
import { createStatPage, listen } from './side-servers.ts';
import { listenHost } from './static-config.ts';

export interface RestOptions {
  readonly settings: QueueProxySettings;
  readonly queueProxy: QueueProxy;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: DeferredLogger;
  readonly meter: Meter;
  /** Fulfils when the pod has been told to stop. */
  readonly termination: Promise<void>;
  readonly tracer?: OpenTracer | undefined;
}

/** Fulfils when the sidecar has drained: then the process may end. */
export async function runRest(options: RestOptions): Promise<void> {
  const { settings, queueProxy, logger, clock, timers } = options;
  const logging = await openLogger({ name: 'queue-proxy', level: settings.logLevel, clock });
  logger.attach(logging.logger);
  await loadInTurns();
  believeFurther(settings.rootCa, logger);
  const sideServers = startSideServers(options);
  await turn();
  const reports = startReports(options);
  await turn();
  const metrics = startRequestMetrics(options);
  giveBackWhenUnused(queueProxy.load.stats, timers, collectAllGarbage);

  await options.termination;
  await queueProxy.drain();
  (await reports)?.();
  await (await metrics)();
  await options.tracer?.close();
  (await sideServers)();
  logger.info('drained');
  logging.flush();
}

/** Gives how to stop reporting; undefined when there is nobody to report to. */
async function startReports(options: RestOptions): Promise<(() => void) | undefined> {
  const { settings, queueProxy, logger, timers } = options;
  const { configService: address, configServiceTls } = settings;
  if (address === undefined) return undefined;
  const tls = await openChannelTls({ settings: configServiceTls, address, logger });
  if (!tls.ok) {
    // Requests are served all the same, and an autoscaler asks those who do not report.
    logger.error('load not reported', { reason: tls.problems.map(formatProblem).join('; ') });
    return undefined;
  }
  const transport = await openGrpcTransport({ address, codec: await loadCodec('load'), timers, tls: tls.value });
  const reports = createLoadReports({ ...options, load: queueProxy.load, outcomes: () => outcomesOf(queueProxy.proxy), transport });
  reports.start();
  return () => {
    reports.stop();
    transport.close();
  };
}

/** A side server whose port is taken is missed, but requests are served all the same. */
async function startSideServers(options: RestOptions): Promise<() => void> {
  const { settings, queueProxy, logger, startedAt, clock, timers } = options;
  const host = listenHost(settings.identity.podIp);
  const statPage = createStatPage({ load: queueProxy.load, podName: settings.identity.pod, startedAt, clock });
  const profiler = settings.observability.isProfiling
    ? [openProfiler({ host, port: settings.profilingPort, timers }).then((open) => () => void open.close())]
    : [];
  const started = await Promise.allSettled([listen(statPage, host, settings.autoscalerMetricsPort), ...profiler]);
  const stops: (() => void)[] = [];
  for (const result of started) {
    if (result.status === 'fulfilled') stops.push(result.value);
    else logger.warn('side server not started', { error: result.reason as unknown });
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/** For whoever scrapes, or to a collector; gives how to end it, with what a pod that goes has still to say. */
async function startRequestMetrics({ settings, meter: counted, logger, clock, timers }: RestOptions): Promise<() => Promise<void>> {
  const { identity, observability, userMetricsPort, metricNames } = settings;
  const meter = withMetricNames(counted, metricNames, olderLabelsOf(identity));
  const { protocol, endpoint, exportIntervalMs } = observability.requestMetrics;
  const resource = describePod(identity);
  try {
    if (protocol === 'prometheus') {
      // Who the pod is stands on the page once, and not on each line.
      meter.gauge('target_info', 'Target metadata', resource.labels).set(1);
      const at = endpoint === '' ? { host: listenHost(identity.podIp), port: userMetricsPort } : parseAddress(endpoint);
      const server = await startMetricsServer({ host: at.host || listenHost(identity.podIp), port: at.port, meter, logger });
      return () => server.close();
    }
    if (protocol === 'http/protobuf' || protocol === 'grpc') {
      const push = startMetricsPush({ protocol, endpoint, resource: resource.attributes, meter, clock, timers, logger, ...(exportIntervalMs > 0 ? { intervalMs: exportIntervalMs } : {}) });
      return () => push.close();
    }
  } catch (error) {
    logger.warn('side server not started', { error });
  }
  return () => Promise.resolve();
}

function outcomesOf(proxy: Proxy): { readonly succeeded: number; readonly failed: number } {
  const hosts = proxy.clusters().flatMap((cluster) => cluster.hosts);
  return {
    succeeded: hosts.reduce((sum, { requestsSucceeded }) => sum + requestsSucceeded, 0),
    failed: hosts.reduce((sum, { requestsFailed }) => sum + requestsFailed, 0),
  };
}
