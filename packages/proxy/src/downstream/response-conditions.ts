/** What the connection manager does to a response head: connection-bound fields out, `server`, `date` and `via` in. */
import { Known, type HeaderLine, type RequestHead, type ResponseHead } from '@sluice/http';
import type { Clock } from '@sluice/kernel';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { DateLine } from './date-line.ts';

const hopByHop = Known.connection | Known.keepAlive | Known.proxyConnection | Known.te | Known.upgrade;
const notRemovable = new Set(['content-length', 'transfer-encoding', 'trailer', 'close', 'keep-alive', 'upgrade', 'connection']);

/** What is the same for all responses of a connection manager. */
export interface ResponseLines {
  /** `server` as configured. */
  readonly server: HeaderLine;
  readonly date: DateLine;
}

/** Changes `head` in place. */
export function conditionResponse(head: ResponseHead, manager: ConnectionManagerConfig, lines: ResponseLines, clock: Clock, request: RequestHead): void {
  if ((head.known & hopByHop) !== 0) {
    head.removeKnown(hopByHop);
    for (const option of head.connectionOptions) if (!notRemovable.has(option)) head.remove(option);
  }
  if (manager.serverHeaderMode === 'overwrite' || (manager.serverHeaderMode === 'append-if-absent' && (head.known & Known.server) === 0)) {
    head.setLine(lines.server);
  }
  if ((head.known & Known.date) === 0) head.addLine(lines.date.at(clock.wallTime()));
  if (manager.via !== '') head.add('via', manager.via);
  if (manager.alwaysSetRequestIdInResponse || (manager.tracing && wasForced(request))) {
    const requestId = request.get('x-request-id');
    if (requestId !== undefined) head.set('x-request-id', requestId);
  }
}

/** Whoever forces a trace is told by which identifier to look for it. */
function wasForced(request: RequestHead): boolean {
  return (request.known & Known.envoy) !== 0 && request.has('x-envoy-force-trace');
}
