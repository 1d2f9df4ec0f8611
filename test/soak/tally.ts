/** What came of the requests of one phase. */

export interface PhaseNumbers {
  readonly requests: number;
  /** Failed, and safe repetition could have saved them. */
  readonly lost: number;
  /** Failed where nobody may repeat: an unsafe request that had been sent to a host that died. */
  readonly unsaveable: number;
  readonly wrong: number;
  readonly worstMs: number;
  /** The first few failures, in words. */
  readonly examples: readonly string[];
}

const examplesMax = 5;

export class Tally {
  #requests = 0;
  #lost = 0;
  #unsaveable = 0;
  #wrong = 0;
  #worstMs = 0;
  #goodInRow = 0;
  readonly #examples: string[] = [];

  good(tookMs: number): void {
    this.#requests += 1;
    this.#goodInRow += 1;
    this.#worstMs = Math.max(this.#worstMs, tookMs);
  }

  bad(kind: 'lost' | 'unsaveable' | 'wrong', what: string): void {
    this.#requests += 1;
    this.#goodInRow = 0;
    if (kind === 'lost') this.#lost += 1;
    if (kind === 'unsaveable') this.#unsaveable += 1;
    if (kind === 'wrong') this.#wrong += 1;
    if (kind !== 'unsaveable' && this.#examples.length < examplesMax) this.#examples.push(`${kind}: ${what}`);
  }

  /** Good ones since the last bad one. */
  get goodInRow(): number {
    return this.#goodInRow;
  }

  restartRow(): void {
    this.#goodInRow = 0;
  }

  take(): PhaseNumbers {
    const numbers = { requests: this.#requests, lost: this.#lost, unsaveable: this.#unsaveable, wrong: this.#wrong, worstMs: this.#worstMs, examples: [...this.#examples] };
    this.#requests = this.#lost = this.#unsaveable = this.#wrong = this.#worstMs = 0;
    this.#examples.length = 0;
    return numbers;
  }
}
