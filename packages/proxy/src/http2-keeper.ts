/** Asks a silent peer from time to time whether it is still there (`connection_keepalive`), and counts what it has answered. */
import type { Random } from '@sluice/kernel';
import type { Http2Connection } from '@sluice/http';
import type { Http2Options } from './http2-options.ts';

const never = Number.POSITIVE_INFINITY;

export class Http2Keeper {
  readonly #machine: Http2Connection;
  readonly #keepalive: Http2Options['keepalive'];
  readonly #random: Random;
  #asked = 0;
  #answered = 0;
  #nextPingAt = never;
  #answerDeadline = never;
  /** The PING that the deadline is for. */
  #awaited = 0;

  constructor(machine: Http2Connection, keepalive: Http2Options['keepalive'], random: Random, now: number) {
    this.#machine = machine;
    this.#keepalive = keepalive;
    this.#random = random;
    this.#scheduleNext(now);
  }

  /** When there is something to do for `keep`. */
  get deadline(): number {
    return Math.min(this.#nextPingAt, this.#answerDeadline);
  }

  /** Sends a PING. Its number: it is answered when `onAnswer` gives as much. */
  ping(): number {
    this.#machine.ping();
    this.#asked += 1;
    return this.#asked;
  }

  /** A PING has been answered. Gives how many have been, in their order. */
  onAnswer(): number {
    this.#answered = Math.min(this.#answered + 1, this.#asked);
    if (this.#answered >= this.#awaited) this.#answerDeadline = never;
    return this.#answered;
  }

  /** False when the peer has not answered in time. */
  keep(now: number): boolean {
    if (now >= this.#answerDeadline) return false;
    if (now >= this.#nextPingAt) {
      this.#scheduleNext(now);
      if (this.#answerDeadline === never) this.ask(now);
    }
    return true;
  }

  /** Asks now, whatever the interval. */
  ask(now: number): void {
    if (!this.#keepalive || this.#answerDeadline !== never) return;
    this.#awaited = this.ping();
    this.#answerDeadline = now + this.#keepalive.timeoutMs;
  }

  stop(): void {
    this.#nextPingAt = this.#answerDeadline = never;
  }

  #scheduleNext(now: number): void {
    const { intervalMs = 0, jitterRatio = 0 } = this.#keepalive ?? {};
    if (intervalMs > 0) this.#nextPingAt = now + intervalMs * (1 + jitterRatio * this.#random.next());
  }
}
