/** Watches whether a program listens, without connecting to it: its own network has a table of sockets to be read. */
import type { Timer, Timers } from '@sluice/kernel';

export interface ListenerWatchOptions {
  readonly timers: Pick<Timers, 'after'>;
  readonly ports: readonly number[];
  /** The ports that take connections to 127.0.0.1 now. */
  readonly listening: () => ReadonlySet<number>;
  /** Called on each change; all ports are silent at first. */
  readonly onChange: (port: number, listens: boolean) => void;
}

/**
 * Between two looks while a port is silent, in ms: the first distance, how much longer each next one is, and the longest.
 * Chosen: a look costs about 0.1 ms, and a cold start waits for it.
 */
const silentLookMs = 5;
const silentLookGrowth = 1.1;
const silentLookMsMax = 250;

/** Between two looks while all ports are listened on, in ms. Refused connections are a reason to look at once. */
const calmLookMs = 1000;

export class ListenerWatch {
  readonly #options: ListenerWatchOptions;
  readonly #listens = new Set<number>();
  #delayMs = silentLookMs;
  #timer: Timer | undefined;

  constructor(options: ListenerWatchOptions) {
    this.#options = options;
  }

  listens(port: number): boolean {
    return this.#listens.has(port);
  }

  /** Looks now, and from now on. */
  look(): void {
    const { ports, listening, onChange, timers } = this.#options;
    this.#timer?.cancel();
    const found = listening();
    for (const port of ports) {
      const listens = found.has(port);
      if (listens === this.#listens.has(port)) continue;
      if (listens) this.#listens.add(port);
      else this.#listens.delete(port);
      this.#delayMs = silentLookMs;
      onChange(port, listens);
    }
    const allListen = this.#listens.size === ports.length;
    this.#timer = timers.after(allListen ? calmLookMs : this.#delayMs, () => this.look());
    this.#delayMs = Math.min(this.#delayMs * silentLookGrowth, silentLookMsMax);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
