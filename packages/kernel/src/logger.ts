/**
 * Where components say what happens. An event is a noun phrase (`scale decision`, `listener bound`), and
 * what is to be said about it stands in the fields; nothing is interpolated into the event.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger whose lines all carry `bindings` too. */
  child(bindings: LogFields): Logger;
}

/** Plain data. An `Error` under the key `error` is written with its code, message and cause. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
