/**
 * Tells clients that open streams only to have them reset (rapid reset, CVE-2023-44487; also by making the server reset
 * them, CVE-2025-8671) from those that change their mind now and then.
 */

/** Envoy's measure: beyond this many early ends, when they are more than half of all streams. */
const earlyEndsMax = 500;

export class ResetBudget {
  #streams = 0;
  #earlyEnds = 0;

  onStream(): void {
    this.#streams += 1;
  }

  /** A stream has ended before its response had. */
  onEarlyEnd(): void {
    this.#earlyEnds += 1;
  }

  get isSpent(): boolean {
    return this.#earlyEnds > earlyEndsMax && this.#earlyEnds * 2 > this.#streams;
  }
}
