/**
 * At most `capacity` at once, at most a queue of others waiting in order, and whoever comes then is refused.
 * Knative's breaker: https://github.com/knative/serving/blob/main/pkg/queue/breaker.go
 *
 * One reservation goes through these states:
 *
 *     acquire ──► admitted ──► released
 *        │            ▲
 *        └─► waiting ─┴──────► released   (gave up before it was its turn)
 *
 * Nothing here waits by itself: a place in the queue is an object, and its turn is a call. The path of a
 * request that finds room therefore has no promise in it.
 */
import type { Lease } from '@sluice/kernel';
import { WaitingList, WaitingListEntry } from './waiting-list.ts';

export interface BreakerOptions {
  /** How many may wait beyond those that run. At least 1. Knative's sidecar: 10 × containerConcurrency. */
  readonly queueDepth: number;
  /** The most that `capacity` may ever be. At least 0. */
  readonly concurrencyMax: number;
  /** Where `capacity` starts: 0 to `concurrencyMax`. */
  readonly initialCapacity: number;
}

/**
 * A right to run, or a place in the queue for one. `release` gives back whichever it is, once; calling it
 * for a waiting reservation means giving up.
 */
export class Reservation extends WaitingListEntry implements Lease {
  /** Set while the right to run is held. */
  admitted = false;
  readonly #breaker: Breaker;
  readonly onAdmitted: (() => void) | undefined;

  constructor(breaker: Breaker, onAdmitted: (() => void) | undefined) {
    super();
    this.#breaker = breaker;
    this.onAdmitted = onAdmitted;
  }

  release(): void {
    this.#breaker.release(this);
  }
}

export class Breaker {
  readonly concurrencyMax: number;
  readonly #slotsMax: number;
  readonly #waiting = new WaitingList<Reservation>();
  #capacity: number;
  #inFlight = 0;
  #isAdmitting = false;

  constructor(options: BreakerOptions) {
    const { queueDepth, concurrencyMax, initialCapacity } = options;
    if (!(queueDepth > 0)) throw new RangeError(`queue depth must be greater than 0, but was ${queueDepth}`);
    if (!(concurrencyMax >= 0)) throw new RangeError(`maximum concurrency must be 0 or more, but was ${concurrencyMax}`);
    if (!(initialCapacity >= 0 && initialCapacity <= concurrencyMax)) {
      throw new RangeError(`initial capacity must be 0 to ${concurrencyMax}, but was ${initialCapacity}`);
    }
    this.concurrencyMax = concurrencyMax;
    this.#slotsMax = queueDepth + concurrencyMax;
    this.#capacity = initialCapacity;
  }

  /** How many may run now. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many run now. Above `capacity` only for as long as it takes those to end that ran before it fell. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Asks to run. The reservation is `admitted` at once when there is room and nobody waits; else
   * `onAdmitted` is called when it is its turn, never from within this call.
   * @returns undefined when the queue is full
   */
  acquire(onAdmitted: () => void): Reservation | undefined {
    if (this.#inFlight + this.#waiting.length >= this.#slotsMax) return undefined;
    const reservation = new Reservation(this, onAdmitted);
    if (this.#inFlight < this.#capacity && this.#waiting.length === 0) {
      reservation.admitted = true;
      this.#inFlight += 1;
    } else {
      this.#waiting.push(reservation);
    }
    return reservation;
  }

  /** Asks to run now or not at all. Undefined when there is no room; then nothing has changed. */
  reserve(): Reservation | undefined {
    if (this.#inFlight >= this.#capacity || this.#inFlight + this.#waiting.length >= this.#slotsMax) return undefined;
    const reservation = new Reservation(this, undefined);
    reservation.admitted = true;
    this.#inFlight += 1;
    return reservation;
  }

  /** Raising wakes those that wait; lowering takes effect as running ones end. Beyond the limits it is clamped. */
  setCapacity(capacity: number): void {
    this.#capacity = Math.min(Math.max(0, capacity), this.concurrencyMax);
    this.#admitWaiting();
  }

  /** What `Reservation.release` does. Idempotent. */
  release(reservation: Reservation): void {
    if (reservation.admitted) {
      reservation.admitted = false;
      this.#inFlight -= 1;
      this.#admitWaiting();
    } else if (reservation.list) {
      this.#waiting.remove(reservation);
    }
  }

  /**
   * Whoever is admitted may release at once, from within the call, which comes back here: the outer loop
   * then goes on, so that a long queue of such callers does not become a deep stack.
   */
  #admitWaiting(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    while (this.#inFlight < this.#capacity) {
      const reservation = this.#waiting.shift();
      if (!reservation) break;
      reservation.admitted = true;
      this.#inFlight += 1;
      reservation.onAdmitted?.();
    }
    this.#isAdmitting = false;
  }
}
