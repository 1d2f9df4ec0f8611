/** How long to wait before the next attempt: growing and jittered, so that a returning server is not stormed. */
import type { Random } from '@sluice/kernel';

export interface BackoffOptions {
  /** The first delay at most, in ms. Default 500, as Envoy's and gRPC's xDS clients. */
  readonly baseMs?: number;
  /** No delay is longer, in ms. Default 30 000, as Envoy's and gRPC's xDS clients. */
  readonly maxMs?: number;
}

export class Backoff {
  readonly #random: Random;
  readonly #baseMs: number;
  readonly #maxMs: number;
  #attempts = 0;

  constructor(random: Random, options: BackoffOptions = {}) {
    this.#random = random;
    this.#baseMs = options.baseMs ?? 500;
    this.#maxMs = options.maxMs ?? 30_000;
  }

  /** The next delay in ms: between half and all of a bound that doubles each time. */
  next(): number {
    const bound = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return bound * (0.5 + this.#random.next() / 2);
  }

  /** It worked: the next delay is the first one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
