/** The answer to an autoscaler that scrapes: what was reported last, with counts as rates per second. */
import type { WireStat } from '@sluice/stats';
import type { TimedReport } from './load-meter.ts';

/** @param report absent in the first second: then there are no figures yet */
export function statOf(podName: string, processUptimeSeconds: number, report: TimedReport | undefined): WireStat {
  const perSecond = report && report.intervalMs > 0 ? 1000 / report.intervalMs : 0;
  return {
    podName,
    averageConcurrentRequests: report?.averageConcurrency ?? 0,
    averageProxiedConcurrentRequests: report?.averageProxiedConcurrency ?? 0,
    requestCount: (report?.requestCount ?? 0) * perSecond,
    proxiedRequestCount: (report?.proxiedRequestCount ?? 0) * perSecond,
    processUptimeSeconds,
    // Whoever receives it knows better what time it is.
    timestampSeconds: 0,
  };
}
