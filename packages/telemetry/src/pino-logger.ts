/**
 * Logs as JSON lines, by pino, under the keys that Knative's components write, so that queries and dashboards
 * made for those find ours: `severity`, `timestamp`, `logger`, `message`.
 * https://knative.dev/docs/serving/observability/logging/
 */
import type { Clock, LogFields, Logger } from '@sluice/kernel';
import type { Logger as PinoLogger } from 'pino';
import { describeError } from './describe-error.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Zap's names; those above `error` are errors too. */
const levelOfZap: Readonly<Record<string, LogLevel>> = { warning: 'warn', dpanic: 'error', panic: 'error', fatal: 'error' };

/** Unknown levels are taken for `info`, as Knative does: nothing should fail to start over its logging. */
export function toLogLevel(text = ''): LogLevel {
  const name = text.toLowerCase();
  return logLevels.find((level) => level === name) ?? levelOfZap[name] ?? 'info';
}

export interface LoggerOptions {
  /** Which component writes: `activator`. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** For the time stamps. */
  readonly clock: Clock;
  /** Where lines go; default standard output. */
  readonly write?: (line: string) => void;
}

export interface OpenLogger {
  readonly logger: Logger;
  readonly level: LogLevel;
  /** Takes effect for this logger and all its children made from now on and before. */
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory. Call it last. */
  flush(): void;
}

/** Loads pino, which is why it is asynchronous. */
export async function openLogger(options: LoggerOptions): Promise<OpenLogger> {
  // By its default export: a bundler gives a CommonJS module no other.
  const { default: pino } = await import('pino');
  const { clock, write } = options;
  let level = options.level ?? 'info';
  const destination = write ? { write } : pino.destination({ dest: 1, sync: true });
  const root = pino(
    {
      level: 'debug',
      messageKey: 'message',
      base: { logger: options.name },
      timestamp: () => `,"timestamp":"${new Date(clock.wallTime()).toISOString()}"`,
      formatters: { level: (label) => ({ severity: label.toUpperCase() }) },
      serializers: { error: describeError },
    },
    destination,
  );
  // The level is asked for here and not set on pino: children of pino keep the level they were made with.
  const isEnabled = (wanted: LogLevel) => logLevels.indexOf(wanted) >= logLevels.indexOf(level);
  return {
    logger: wrap(root, isEnabled),
    get level() {
      return level;
    },
    setLevel(next) {
      level = next;
    },
    flush() {
      if ('flushSync' in destination) destination.flushSync();
    },
  };
}

function wrap(pinoLogger: PinoLogger, isEnabled: (level: LogLevel) => boolean): Logger {
  function at(level: LogLevel): (event: string, fields?: LogFields) => void {
    return (event, fields) => {
      if (!isEnabled(level)) return;
      if (fields) pinoLogger[level](fields, event);
      else pinoLogger[level](event);
    };
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (bindings) => wrap(pinoLogger.child(bindings), isEnabled),
  };
}
