/** What is written down of a stream when it begins and when it has ended: numbers, what its filters hear, and the access logs' lines; and lines before. */
import type { AccessLogType } from '@sluice/resources';
import type { Engine } from '../engine.ts';
import type { HttpFilter } from '../filters/filter.ts';
import { outcomes, type Outcome } from '../outcome.ts';
import type { AccessLogConfig } from '../proxy-config.ts';
import type { RouteMatch } from '../route-match.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { Stream } from '../stream.ts';

export function countBegun(statistics: DownstreamStatistics, { info }: Pick<Stream, 'info'>): void {
  statistics.requestsActive += 1;
  statistics.requestsTotal.add();
  (info.protocol === 'HTTP/2' ? statistics.http2Requests : statistics.http1Requests).add();
}

export function countEnded(statistics: DownstreamStatistics, { info }: Stream, outcome: Outcome, isAnswered: boolean): void {
  statistics.requestsActive -= 1;
  if (isAnswered) statistics.requestsCompleted.add();
  statistics.requestTime.observe(info.endAt - info.startAt);
  statistics.countEnd(outcome);
}

/** Tells the first `asked` filters, the last first. Each must hear of the end, whatever another one does. */
export function tellFilters(stream: Stream, filters: readonly HttpFilter[], asked: number, outcome: Outcome, engine: Engine): void {
  for (let index = asked - 1; index >= 0; index -= 1) {
    const filter = filters[index];
    try {
      filter?.onEnd?.(stream, outcome);
    } catch (error) {
      engine.logger.error('filter crashed at the end of a stream', { filter: filter?.name, error });
    }
  }
}

export function writeAccessLogs(stream: Stream, logs: readonly AccessLogConfig[], outcome: Outcome, engine: Engine): void {
  for (const log of logs) {
    const batch = engine.accessLogs.to(log.path, log.service);
    log.write(stream, outcome, batch.lines);
    batch.noteLine();
  }
}

/** A line on another occasion than the end. */
export function writeEarlyLogs(stream: Stream, logs: readonly AccessLogConfig[], type: AccessLogType, engine: Engine): void {
  stream.info.logType = type;
  writeAccessLogs(stream, logs, outcomes.completed, engine);
  stream.info.logType = 'DownstreamEnd';
}

/** For routes whose requests have numbers of their own; those that went to no cluster have none. */
export function countRouted(route: RouteMatch, { info }: Stream, { flag }: Outcome, { statistics }: Engine): void {
  if (info.clusterName === '') return;
  const { virtualClusterName: virtualCluster, virtualHostName: virtualHost, status, endAt, upstreamStartAt } = info;
  const upstreamMs = upstreamStartAt === 0 ? -1 : endAt - upstreamStartAt;
  statistics.routed.count({ virtualHost, virtualCluster, statPrefix: route.statPrefix, status, isTimeout: flag === 'UT', upstreamMs });
}
