/**
 * A clock that moves only when told, with the timers that hang on it. Work due at the same moment runs in
 * the order it was asked for, and promises settle between two pieces of work, so a run is repeatable.
 */
import type { Clock, Timer, Timers } from '../clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  readonly periodMs: number | undefined;
  /** Shared by all entries of one repeating timer, so that cancelling ends them all. */
  readonly fate: { cancelled: boolean };
}

export class SimulatedTime implements Clock, Timers {
  #now = 0;
  #order = 0;
  readonly #wallStart: number;
  /** A binary heap by (at, order). */
  readonly #heap: Due[] = [];

  /** @param wallStart what the wall clock shows at the start, in ms since the epoch */
  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallStart + this.#now;
  }

  /** How many pieces of work wait. */
  get pending(): number {
    return this.#heap.filter((due) => !due.fate.cancelled).length;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#schedule(Math.max(0, delayMs), fn, undefined);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#schedule(periodMs, fn, periodMs);
  }

  /** Moves on by `ms`, running all that falls due on the way, synchronously. Promises do not settle in between. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#next(end); due; due = this.#next(end)) this.#run(due);
    this.#now = end;
  }

  /** Moves on by `ms`; before the first and after each piece of work, promises settle. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let due = this.#next(end); due; due = this.#next(end)) {
      this.#run(due);
      await settle();
    }
    this.#now = end;
  }

  /**
   * Moves on piece by piece until `isDone`, at most by `ms`; promises settle after each piece. The clock stands
   * then at the last piece, or `ms` further when time has run out.
   */
  async advanceUntil(isDone: () => boolean, ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (!isDone()) {
      const due = this.#next(end);
      if (!due) {
        this.#now = end;
        return;
      }
      this.#run(due);
      await settle();
    }
  }

  /** Runs the next piece of work, whenever it is due. False when there is none. */
  async step(): Promise<boolean> {
    await settle();
    const due = this.#next(Number.POSITIVE_INFINITY);
    if (!due) return false;
    this.#run(due);
    await settle();
    return true;
  }

  #schedule(delayMs: number, fn: () => void, periodMs: number | undefined): Timer {
    const due: Due = { at: this.#now + delayMs, order: this.#order++, fn, periodMs, fate: { cancelled: false } };
    this.#push(due);
    return {
      cancel: () => {
        due.fate.cancelled = true;
      },
    };
  }

  #run(due: Due): void {
    this.#now = Math.max(this.#now, due.at);
    if (due.periodMs !== undefined) {
      this.#push({ ...due, at: this.#now + due.periodMs, order: this.#order++ });
    }
    due.fn();
  }

  #next(end: number): Due | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first) return undefined;
      if (!first.fate.cancelled && first.at > end) return undefined;
      this.#pop();
      if (!first.fate.cancelled) return first;
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    heap.push(due);
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index] as Due, heap[parent] as Due)) break;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let smallest = index;
      if (left < heap.length && isBefore(heap[left] as Due, heap[smallest] as Due)) smallest = left;
      if (right < heap.length && isBefore(heap[right] as Due, heap[smallest] as Due)) smallest = right;
      if (smallest === index) return;
      swap(heap, index, smallest);
      index = smallest;
    }
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function swap(heap: Due[], a: number, b: number): void {
  const held = heap[a] as Due;
  heap[a] = heap[b] as Due;
  heap[b] = held;
}
