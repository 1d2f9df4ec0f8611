/**
 * A logger that exists before the one that writes. A sidecar must listen before it has loaded anything it can
 * do without, and what happens until then must not be lost.
 */
import type { LogFields, Logger } from '@sluice/kernel';

type Level = 'debug' | 'info' | 'warn' | 'error';

interface HeldEvent {
  readonly level: Level;
  readonly event: string;
  readonly fields: LogFields;
}

/** Events kept until the writing logger comes; of more, the first are kept, which say what went wrong. */
const HELD_EVENTS_MAX = 1000;

/** Keeps events until `attach`, then passes everything on. Events keep their order but not the time they happened at. */
export class DeferredLogger implements Logger {
  readonly #root: DeferredLogger | undefined;
  readonly #bindings: LogFields;
  readonly #held: HeldEvent[] = [];
  #target: Logger | undefined;

  constructor(root?: DeferredLogger, bindings: LogFields = {}) {
    this.#root = root;
    this.#bindings = bindings;
  }

  debug(event: string, fields?: LogFields): void {
    this.#log('debug', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#log('info', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#log('warn', event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#log('error', event, fields);
  }
  child(bindings: LogFields): Logger {
    return new DeferredLogger(this.#root ?? this, { ...this.#bindings, ...bindings });
  }

  /** Writes what was kept, and from now on everything at once. */
  attach(target: Logger): void {
    this.#target = target;
    for (const { level, event, fields } of this.#held.splice(0)) target[level](event, fields);
  }

  #log(level: Level, event: string, fields: LogFields = {}): void {
    const root = this.#root ?? this;
    root.#write({ level, event, fields: { ...this.#bindings, ...fields } });
  }

  #write(held: HeldEvent): void {
    if (this.#target) this.#target[held.level](held.event, held.fields);
    else if (this.#held.length < HELD_EVENTS_MAX) this.#held.push(held);
  }
}
