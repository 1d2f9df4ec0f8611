/** Writes the access log of connections that are served by no HTTP connection manager. */
import { RequestHead } from '@sluice/http';
import type { Engine } from '../engine.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { AccessLogConfig } from '../proxy-config.ts';
import type { StreamInfo } from '../stream-info.ts';

export function logConnection(engine: Pick<Engine, 'accessLogs' | 'turn'>, logs: readonly AccessLogConfig[], info: StreamInfo, code: OutcomeCode): void {
  if (logs.length === 0) return;
  info.endAt = engine.turn.now();
  const record = { info, request: RequestHead.of('', '', ''), response: undefined, route: undefined };
  for (const log of logs) {
    const batch = engine.accessLogs.to(log.path, log.service);
    log.write(record, outcomes[code], batch.lines);
    batch.noteLine();
  }
}
