/** How long a container that ended waits before it is started again. */

export interface RestartBackoffOptions {
  /** The first wait that is not zero, in ms. Default 10 000, as the kubelet. */
  readonly initialMs?: number;
  /** The longest wait, in ms. Default 300 000, as the kubelet. */
  readonly maxMs?: number;
}

/**
 * Kubernetes' rule: the first restart comes at once, then 10 s, 20 s, 40 s, … up to 5 minutes. A container
 * whose last start lies more than twice the longest wait (10 minutes) back begins afresh.
 */
export class RestartBackoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  /** What the next restart waits. Undefined before the first. */
  #nextMs: number | undefined;
  #startedAt = 0;

  constructor({ initialMs = 10_000, maxMs = 300_000 }: RestartBackoffOptions = {}) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** The container was started. */
  started(now: number): void {
    this.#startedAt = now;
  }

  /** The container ended: how long to wait, in ms. */
  ended(now: number): number {
    if (now - this.#startedAt > 2 * this.#maxMs) this.#nextMs = undefined;
    const waitMs = this.#nextMs ?? 0;
    this.#nextMs = this.#nextMs === undefined ? this.#initialMs : Math.min(this.#nextMs * 2, this.#maxMs);
    return waitMs;
  }
}
