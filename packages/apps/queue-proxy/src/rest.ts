/** Everything the sidecar needs besides serving: logs, load reports, side servers, and its end. */
import { giveBackStartMemory, type Clock, type Meter, type Random, type Timers } from '@sluice/kernel';
import { openLogger, startMetricsServer, type DeferredLogger } from '@sluice/telemetry';
import { loadCodec, openGrpcTransport } from '@sluice/xds';
import type { QueueProxy } from './compose.ts';
import type { QueueProxySettings } from './config.ts';
import { createLoadReports } from './load-reports.ts';
import { createDrainPage, createStatPage, listen } from './side-servers.ts';
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
}

/** Fulfils when the sidecar has drained: then the process may end. */
export async function runRest(options: RestOptions): Promise<void> {
  const { settings, queueProxy, logger, clock } = options;
  let isTerminating = false;
  const logging = await openLogger({ name: 'queue-proxy', level: settings.logLevel, clock });
  logger.attach(logging.logger);
  void options.termination.then(() => (isTerminating = true));
  const sideServers = startSideServers(options, () => isTerminating);
  const reports = startReports(options);
  giveBackStartMemory();

  await options.termination;
  await queueProxy.drain();
  (await reports)?.();
  (await sideServers)();
  logger.info('drained');
  logging.flush();
}

/** Gives how to stop reporting; undefined when there is nobody to report to. */
async function startReports(options: RestOptions): Promise<(() => void) | undefined> {
  const { settings, queueProxy } = options;
  if (settings.configService === undefined) return undefined;
  const transport = await openGrpcTransport({ address: settings.configService, codec: await loadCodec('load') });
  const reports = createLoadReports({ ...options, load: queueProxy.load, transport });
  reports.start();
  return () => {
    reports.stop();
    transport.close();
  };
}

/** A side server whose port is taken is missed, but requests are served all the same. */
async function startSideServers(options: RestOptions, isTerminating: () => boolean): Promise<() => void> {
  const { settings, queueProxy, logger, meter, startedAt, clock, timers } = options;
  const host = listenHost(settings.identity.podIp);
  const drainPage = createDrainPage({ drainer: queueProxy.drainer, timers, isTerminating });
  const statPage = createStatPage({ load: queueProxy.load, podName: settings.identity.pod, startedAt, clock });
  const started = await Promise.allSettled([
    listen(drainPage, host, settings.adminPort),
    listen(statPage, host, settings.autoscalerMetricsPort),
    startMetricsServer({ host, port: settings.userMetricsPort, meter, logger }).then((server) => () => void server.close()),
  ]);
  const stops: (() => void)[] = [];
  for (const result of started) {
    if (result.status === 'fulfilled') stops.push(result.value);
    else logger.warn('side server not started', { error: result.reason as unknown });
  }
  return () => {
    for (const stop of stops) stop();
  };
}
