/** An access log, compiled. */
import type { Outcome } from '../outcome.ts';
import type { Stream } from '../stream.ts';

export interface AccessLogConfig {
  /** Where lines go: a file's path, `/dev/stdout`, `/dev/stderr`. */
  readonly path: string;
  /** The whole line with its newline; empty when the filter of this log leaves the stream out. */
  format(stream: LoggedStream, outcome: Outcome): string;
}

/** What a log sees of a stream. A connection that is no HTTP looks like a stream with an empty request and no response. */
export type LoggedStream = Pick<Stream, 'info' | 'request' | 'response' | 'route'>;
