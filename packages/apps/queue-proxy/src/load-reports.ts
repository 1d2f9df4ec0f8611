/**
 * Reports the pod's load to the config service. Loaded after the sidecar listens: gRPC alone takes longer to
 * load than everything before it.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { AheadReports, createLoadReporter, type LoadReporter, type LoadStatsTransport } from '@sluice/xds';
import type { QueueProxySettings } from './config.ts';
import type { LoadMeter } from './load-meter.ts';

export interface LoadReportsOptions {
  readonly settings: QueueProxySettings;
  readonly load: LoadMeter;
  /** Requests that have ended in the program's answer, well and badly, since the start. Default: nobody counts. */
  readonly outcomes?: () => { readonly succeeded: number; readonly failed: number };
  readonly transport: LoadStatsTransport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

export function createLoadReports({ settings, load, outcomes = () => ({ succeeded: 0, failed: 0 }), transport, clock, timers, random, logger }: LoadReportsOptions): LoadReporter {
  let told = outcomes();
  const { namespace, service, configuration, revision, pod, podIp } = settings.identity;
  const reporter = createLoadReporter({
    node: {
      id: `queue-proxy~${podIp}~${pod}.${namespace}`,
      cluster: 'sluice-queue-proxy',
      metadata: { POD_NAME: pod, POD_IP: podIp, NAMESPACE: namespace, SERVICE: service, CONFIGURATION: configuration, REVISION: revision },
    },
    transport,
    source: (now, only) => {
      const isAhead = only !== undefined;
      const report = isAhead ? load.ahead() : load.report(now);
      const before = told;
      if (!isAhead) told = outcomes();
      return [
        {
          cluster: `${namespace}/${revision}`,
          address: { host: podIp, port: settings.servingPort },
          requestsInProgress: load.stats.concurrency,
          averageConcurrentRequests: report.averageConcurrency,
          averageProxiedConcurrentRequests: report.averageProxiedConcurrency,
          requestCount: report.requestCount,
          proxiedRequestCount: report.proxiedRequestCount,
          successfulRequests: told.succeeded - before.succeeded,
          errorRequests: told.failed - before.failed,
        },
      ];
    },
    clock,
    timers,
    random,
    logger,
  });
  const ahead = new AheadReports(reporter, timers);
  load.onRise = () => ahead.tell(`${namespace}/${revision}`);
  return reporter;
}
