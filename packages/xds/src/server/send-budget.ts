/**
 * How much of large responses is out at once, over all streams. A new route table of ten thousand hosts for hundreds of
 * proxies would be gigabytes in memory if all were sent it in one turn; so some are served first, and the others as
 * those answer. Small responses pass at any time: endpoints that move wait for nobody's tables.
 */
import type { Timer, Timers } from '@sluice/kernel';

/** What is unanswered of large responses at the most, in bytes. Chosen: what a small container can hold beside the rest. */
export const bytesOutMax = 64 << 20;

/** Responses below this are not counted, in bytes. Chosen: hundreds of them are nothing. */
const smallBytes = 64 << 10;

/**
 * How long an unanswered response counts, in ms. Chosen: far above what a healthy client needs for megabytes, so that one
 * that is silent holds up others for a while and not for ever.
 */
export const answerWaitMs = 10_000;

/** One large response: waiting or out. */
export interface SendTicket {
  /** It is answered, or there is nobody left to answer. */
  release(): void;
}

interface Entry {
  readonly bytes: number;
  readonly send: () => void;
  state: 'waiting' | 'out' | 'done';
  timer?: Timer;
}

export class SendBudget {
  readonly #timers: Timers;
  readonly #bytesMax: number;
  readonly #waiting = new Set<Entry>();
  #bytesOut = 0;

  constructor(timers: Timers, bytesMax = bytesOutMax) {
    this.#timers = timers;
    this.#bytesMax = bytesMax;
  }

  /** How many responses wait for others to be answered. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends now or later. One is always let out, however large. Undefined for a small one, which is sent at once. */
  request(bytes: number, send: () => void): SendTicket | undefined {
    if (bytes < smallBytes) {
      send();
      return undefined;
    }
    const entry: Entry = { bytes, send, state: 'waiting' };
    this.#waiting.add(entry);
    this.#admit();
    return { release: () => this.#release(entry) };
  }

  #release(entry: Entry): void {
    if (entry.state === 'out') this.#bytesOut -= entry.bytes;
    entry.state = 'done';
    entry.timer?.cancel();
    this.#waiting.delete(entry);
    this.#admit();
  }

  #admit(): void {
    for (const entry of this.#waiting) {
      if (this.#bytesOut > 0 && this.#bytesOut + entry.bytes > this.#bytesMax) return;
      this.#waiting.delete(entry);
      this.#bytesOut += entry.bytes;
      entry.state = 'out';
      entry.timer = this.#timers.after(answerWaitMs, () => this.#release(entry));
      entry.send();
    }
  }
}
