/**
 * Reports the pod's load to the config service. Loaded after the sidecar listens: gRPC alone takes longer to
 * load than everything before it.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { createLoadReporter, type LoadReporter, type LoadStatsTransport } from '@sluice/xds';
import type { QueueProxySettings } from './config.ts';
import type { LoadMeter } from './load-meter.ts';

export interface LoadReportsOptions {
  readonly settings: QueueProxySettings;
  readonly load: LoadMeter;
  readonly transport: LoadStatsTransport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

export function createLoadReports({ settings, load, transport, clock, timers, random, logger }: LoadReportsOptions): LoadReporter {
  const { namespace, service, configuration, revision, pod, podIp } = settings.identity;
  return createLoadReporter({
    node: {
      id: `queue-proxy~${podIp}~${pod}.${namespace}`,
      cluster: 'sluice-queue-proxy',
      metadata: { POD_NAME: pod, POD_IP: podIp, NAMESPACE: namespace, SERVICE: service, CONFIGURATION: configuration, REVISION: revision },
    },
    transport,
    source: (now) => {
      const report = load.report(now);
      return [
        {
          cluster: `${namespace}/${revision}`,
          address: { host: podIp, port: settings.servingPort },
          requestsInProgress: load.stats.concurrency,
          averageConcurrentRequests: report.averageConcurrency,
          averageProxiedConcurrentRequests: report.averageProxiedConcurrency,
          requestCount: report.requestCount,
          proxiedRequestCount: report.proxiedRequestCount,
        },
      ];
    },
    clock,
    timers,
    random,
    logger,
  });
}
