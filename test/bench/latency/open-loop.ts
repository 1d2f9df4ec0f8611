/**
 * Load at a fixed rate over kept-alive connections, open loop: when each request is due is settled beforehand, and its
 * latency counts from then, whatever became of those before it. A target that stalls is charged for all who would have
 * come meanwhile (no coordinated omission). The generator keeps account of itself, too: how late it took notice of
 * what was due, and how long an answer may have lain before it was looked at, which is nobody's fault but its own.
 *
 * It spins while it runs, since timers of a millisecond would send in bursts. Whoever else works in its process calls `sendDue` in between.
 */
import type { Network } from '@sluice/kernel';
import { Lane, type LaneOwner } from './lane.ts';

export interface OpenLoopOptions {
  readonly port: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** The same load before that, which does not count: connections, caches and compilers on both sides settle. */
  readonly warmUpSeconds: number;
  /** Requests that are due while all are taken wait, at the target's expense. */
  readonly connections: number;
}

export interface OpenLoopResult {
  /** One for each request of the counted time, ascending. Of those without an answer: until the generator gave up, a second after the end. */
  readonly latenciesMs: Float64Array;
  /**
   * Of those that the generator took notice of in time. Whether it did was settled before the target had any part in it, so leaving the others
   * out favours nobody; what they do to those behind them stays in.
   */
  readonly punctualMs: Float64Array;
  /** How late the generator took notice of each, ascending. */
  readonly latenessMs: Float64Array;
  /** How long each answer may have been there before it was read, ascending: since the generator had last begun to look. */
  readonly unreadMs: Float64Array;
  /** Without a whole answer of status 200. */
  readonly lost: number;
}

const patienceMs = 1_000;

/** What is noticed later than this was late by the generator's fault, or by that of whoever took its core. Chosen: some requests' work. */
const punctualMaxMs = 0.1;

export class OpenLoop implements LaneOwner {
  readonly #options: OpenLoopOptions;
  readonly #intervalMs: number;
  readonly #uncounted: number;
  readonly #latencies: Float64Array;
  readonly #lateness: Float64Array;
  readonly #unread: Float64Array;
  readonly #free: Lane[] = [];
  #startAt = Number.POSITIVE_INFINITY;
  /** When the generator last turned to the system for what had come. */
  #lookedAt = 0;
  /** So many have been due; so many of them have found a connection; so many are answered. */
  #due = 0;
  #sent = 0;
  #ended = 0;

  constructor(options: OpenLoopOptions) {
    const { requestsPerSecond, seconds, warmUpSeconds } = options;
    this.#options = options;
    this.#intervalMs = 1_000 / requestsPerSecond;
    this.#uncounted = Math.round(warmUpSeconds * requestsPerSecond);
    const all = this.#uncounted + Math.round(seconds * requestsPerSecond);
    this.#latencies = new Float64Array(all).fill(Number.NaN);
    this.#lateness = new Float64Array(all);
    this.#unread = new Float64Array(all);
  }

  /** All connections are there before the first request: making them is not the work. @throws Error when one cannot be made */
  async run(network: Network): Promise<OpenLoopResult> {
    const { port, connections } = this.#options;
    while (this.#free.length < connections) this.#free.push(await Lane.open(network, port, this));
    return this.#generate();
  }

  #generate(): Promise<OpenLoopResult> {
    const { promise, resolve } = Promise.withResolvers<OpenLoopResult>();
    const lanes = [...this.#free];
    const all = this.#latencies.length;
    this.#startAt = performance.now();
    const giveUpAt = this.#dueAt(all) + patienceMs;
    const tick = (): void => {
      this.sendDue();
      this.#lookedAt = performance.now();
      if (this.#ended < all && this.#lookedAt < giveUpAt) return void setImmediate(tick);
      for (const lane of lanes) lane.close();
      resolve(this.#result(giveUpAt));
    };
    tick();
    return promise;
  }

  /** Sends what has become due. */
  readonly sendDue = (): void => {
    const now = performance.now();
    const all = this.#latencies.length;
    for (let dueAt = this.#dueAt(this.#due); dueAt <= now && this.#due < all; dueAt = this.#dueAt(this.#due)) {
      this.#lateness[this.#due] = performance.now() - dueAt;
      this.#due += 1;
      const lane = this.#free.pop();
      if (lane) this.#sendNext(lane);
    }
  };

  onEnd(lane: Lane, index: number, isGood: boolean): void {
    const now = performance.now();
    this.#unread[index] = now - this.#lookedAt;
    if (isGood) this.#latencies[index] = now - this.#dueAt(index);
    this.#ended += 1;
    if (lane.isOpen) {
      if (this.#sent < this.#due) this.#sendNext(lane);
      else this.#free.push(lane);
    }
    this.sendDue();
  }

  #sendNext(lane: Lane): void {
    lane.send(this.#sent);
    this.#sent += 1;
  }

  #dueAt(index: number): number {
    return this.#startAt + index * this.#intervalMs;
  }

  #result(giveUpAt: number): OpenLoopResult {
    const counted = this.#latencies.subarray(this.#uncounted);
    let lost = 0;
    for (let index = 0; index < counted.length; index += 1) {
      if (!Number.isNaN(counted[index])) continue;
      lost += 1;
      counted[index] = giveUpAt - this.#dueAt(this.#uncounted + index);
    }
    const lateness = this.#lateness.subarray(this.#uncounted);
    const punctual = counted.filter((_, index) => (lateness[index] as number) <= punctualMaxMs);
    return { latenciesMs: counted.sort(), punctualMs: punctual.sort(), latenessMs: lateness.sort(), unreadMs: this.#unread.subarray(this.#uncounted).sort(), lost };
  }
}

/** @param sorted ascending @param ratio of them that are below what is returned */
export function percentile(sorted: Float64Array, ratio: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))] ?? Number.NaN;
}
