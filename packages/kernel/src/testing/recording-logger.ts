/** Keeps what was logged, so that a test can say what must and must not be there. */
import type { LogFields, Logger } from '../logger.ts';

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

export class RecordingLogger implements Logger {
  readonly events: LoggedEvent[];
  readonly #bindings: LogFields;

  constructor(events: LoggedEvent[] = [], bindings: LogFields = {}) {
    this.events = events;
    this.#bindings = bindings;
  }

  debug(event: string, fields?: LogFields): void {
    this.#record('debug', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#record('info', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#record('warn', event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#record('error', event, fields);
  }
  child(bindings: LogFields): Logger {
    return new RecordingLogger(this.events, { ...this.#bindings, ...bindings });
  }

  #record(level: LoggedEvent['level'], event: string, fields: LogFields = {}): void {
    this.events.push({ level, event, fields: { ...this.#bindings, ...fields } });
  }
}
