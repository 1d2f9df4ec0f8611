/** Logs for a process that serves before it can write them: the library that writes is loaded when requests are already answered. */
import { systemClock } from '@sluice/kernel';
import { DeferredLogger, openLogger, type LogLevel, type OpenLogger } from '@sluice/telemetry';

export class LateLogging {
  readonly logger = new DeferredLogger();
  #level: LogLevel;
  #opened: OpenLogger | undefined;

  constructor(level: LogLevel) {
    this.#level = level;
  }

  /** Writes what was kept until now, and what comes from now on. */
  async open(): Promise<void> {
    this.#opened = await openLogger({ name: 'proxy', level: this.#level, clock: systemClock });
    this.logger.attach(this.#opened.logger);
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
    this.#opened?.setLevel(level);
  }

  flush(): void {
    this.#opened?.flush();
  }
}
