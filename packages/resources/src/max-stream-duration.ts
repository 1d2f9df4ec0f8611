/** `RouteAction.MaxStreamDuration`: how long a stream may last, whatever happens on it. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface MaxStreamDuration {
  /** In place of the connection manager's; 0 is without limit; undefined leaves it to the manager. */
  readonly durationMs: number | undefined;
  /** Listens to `grpc-timeout`, which counts up to this; 0: however long it is. Undefined: it is not listened to. */
  readonly grpcTimeoutMaxMs: number | undefined;
  /** Taken off what `grpc-timeout` says. */
  readonly grpcTimeoutOffsetMs: number;
}

export function readMaxStreamDuration(json: unknown, scope: Scope): MaxStreamDuration | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const duration: MaxStreamDuration = {
    durationMs: reader.durationMs('max_stream_duration'),
    grpcTimeoutMaxMs: reader.durationMs('grpc_timeout_header_max'),
    grpcTimeoutOffsetMs: reader.durationMs('grpc_timeout_header_offset', 0),
  };
  reader.done();
  return duration;
}
