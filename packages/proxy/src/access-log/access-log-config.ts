/** An access log, compiled. */
import type { Outcome } from '../outcome.ts';
import type { Stream } from '../stream.ts';
import type { LineWriter } from '../substitution/line-writer.ts';
import type { LogService } from './log-service.ts';

export interface AccessLogConfig {
  /** Where lines go: a file's path, `/dev/stdout`, `/dev/stderr`; for a service whatever tells it from others. */
  readonly path: string;
  /** Takes what is put down, in place of a file. Absent: `path` is one. */
  readonly service?: LogService;
  /** Puts down the whole line with its newline; nothing when the filter of this log leaves the stream out. */
  write(stream: LoggedStream, outcome: Outcome, line: LineWriter): void;
}

/** What a log sees of a stream. A connection that is no HTTP looks like a stream with an empty request and no response. */
export type LoggedStream = Pick<Stream, 'info' | 'request' | 'response' | 'route'>;
