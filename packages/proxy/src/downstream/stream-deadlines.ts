/** When a stream is too late, and for what: the timeouts of the connection manager and of the route in one place. */
import type { OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { RouteMatch } from '../route-match.ts';
import type { StreamInfo } from '../stream-info.ts';

/** What decides. */
export interface TimedStream {
  readonly info: StreamInfo;
  readonly route: RouteMatch | undefined;
  readonly isRequestDone: boolean;
  /** When it left the filters for its route; 0 before. */
  readonly forwardedAt: number;
  /** Of the route, or of the request itself; 0 for none. */
  readonly timeoutMs: number;
  /** How long it may last; 0 for ever. */
  readonly durationMaxMs: number;
  /** A tunnel has no end of the request or of the response, only silence. */
  readonly isTunnel: boolean;
  /** Of a tunnel: one side has sent its last byte. */
  readonly isHalfClosed: boolean;
  readonly lastActivityAt: number;
  /** When the access log wants a line though it has not ended; usually never. */
  readonly nextLogAt: number;
}

const never = Number.POSITIVE_INFINITY;

/** The earliest moment at which any of them may be due. Activity moves the idle timeout on, so it may be too early. */
export function nextStreamDeadline(stream: TimedStream, config: ConnectionManagerConfig): number {
  return Math.min(routeDeadline(stream), idleDeadline(stream, config), requestDeadline(stream, config), durationDeadline(stream), stream.nextLogAt);
}

/** What the stream is to be ended with, if anything is due. */
export function overdueStream(stream: TimedStream, config: ConnectionManagerConfig, now: number): OutcomeCode | undefined {
  if (requestDeadline(stream, config) <= now) return 'request-timeout';
  if (routeDeadline(stream) <= now) return 'upstream-timeout';
  if (durationDeadline(stream) <= now) return stream.isRequestDone ? 'max-duration' : 'max-duration-of-request';
  if (idleDeadline(stream, config) <= now) return 'stream-idle-timeout';
  return undefined;
}

/** How long the head of a request may take, from its first byte, in ms: whatever counts from there. A head is one event, so that its bytes are no activity. */
export function headMsMax({ requestHeadTimeoutMs, requestTimeoutMs, streamDurationMaxMs, streamIdleTimeoutMs }: ConnectionManagerConfig): number {
  return Math.min(requestHeadTimeoutMs || never, requestTimeoutMs || never, streamDurationMaxMs || never, streamIdleTimeoutMs || never);
}

/** What a head is refused with that has taken as long as it may. */
export function overdueHead({ requestHeadTimeoutMs, requestTimeoutMs, streamDurationMaxMs, streamIdleTimeoutMs }: ConnectionManagerConfig, tookMs: number): OutcomeCode {
  if ((requestHeadTimeoutMs || never) <= tookMs) return 'request-head-timeout';
  if ((requestTimeoutMs || never) <= tookMs) return 'request-timeout';
  if ((streamDurationMaxMs || never) <= tookMs) return 'max-duration-of-request';
  return (streamIdleTimeoutMs || never) <= tookMs ? 'stream-idle-timeout' : 'request-head-timeout';
}

/** How long a client may leave what is on its way to it: as its route says, else its connection manager. 0 where neither does. */
export function flushTimeoutMs(route: RouteMatch | undefined, config: ConnectionManagerConfig): number {
  const ofRoute = route?.action.kind === 'forward' ? route.action.flushTimeoutMs : undefined;
  return ofRoute || config.streamFlushTimeoutMs || config.streamIdleTimeoutMs;
}

/** Route timeout: from the end of the request to the end of the response. What filters take is not the route's, as in Envoy, where its router counts. */
function routeDeadline({ timeoutMs, info, forwardedAt, isRequestDone, isTunnel }: TimedStream): number {
  if (timeoutMs === 0 || !isRequestDone || isTunnel) return never;
  return Math.max(info.requestEndAt, forwardedAt) + timeoutMs;
}

function idleDeadline(stream: TimedStream, config: ConnectionManagerConfig): number {
  const { route, lastActivityAt } = stream;
  const ofRoute = route?.action.kind === 'forward' ? route.action.idleTimeoutMs : undefined;
  const timeoutMs = ofRoute ?? config.streamIdleTimeoutMs;
  if (timeoutMs > 0) return lastActivityAt + timeoutMs;
  return stream.isHalfClosed ? lastActivityAt + halfClosedIdleMsMax : never;
}

/**
 * How long half a tunnel may be silent where tunnels may be silent for ever, in ms: whoever has not said that it ends may be gone, and
 * nothing would tell. Chosen: Envoy's default of `stream_idle_timeout`.
 */
const halfClosedIdleMsMax = 300_000;

/** From the first byte of the request to its last, or to the response if that comes first. */
function requestDeadline({ info, isRequestDone, isTunnel }: TimedStream, config: ConnectionManagerConfig): number {
  if (config.requestTimeoutMs === 0 || isRequestDone || isTunnel || info.responseStartAt > 0) return never;
  return info.startAt + config.requestTimeoutMs;
}

function durationDeadline({ info, durationMaxMs }: TimedStream): number {
  return durationMaxMs === 0 ? never : info.startAt + durationMaxMs;
}
