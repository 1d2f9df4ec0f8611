/**
 * A smooth weighted rotation: each entry comes up as often as its weight says, and as evenly spread as can be.
 * Earliest deadline first, as in Envoy: an entry taken at time t is due again at t + 1/weight. A binary heap by
 * (deadline, order) makes taking one O(log n). Weights are asked for again each time an entry is put back, so they
 * may change with the load.
 */
export class WeightedSchedule<T> {
  readonly #entries: T[];
  readonly #deadlines: Float64Array;
  /** Breaks ties: what was put back first comes first. */
  readonly #orders: Float64Array;
  readonly #weightOf: (entry: T) => number;
  #time = 0;
  #order = 0;

  /**
   * @param weightOf more than 0; 1 is normal
   * @param start a number in [0, 1): how far into the rotation to begin, so that many proxies that start together
   *   do not all begin with the same host
   */
  constructor(entries: readonly T[], weightOf: (entry: T) => number, start = 0) {
    this.#entries = [];
    this.#deadlines = new Float64Array(entries.length);
    this.#orders = new Float64Array(entries.length);
    this.#weightOf = weightOf;
    entries.forEach((entry) => this.#push(entry, 1 / weightOf(entry)));
    for (let skip = Math.floor(start * entries.length); skip > 0; skip -= 1) this.next();
  }

  /** The entry that is due. Undefined when there are none. */
  next(): T | undefined {
    const entry = this.#entries[0];
    if (entry === undefined) return undefined;
    this.#time = this.#deadlines[0] as number;
    this.#deadlines[0] = this.#time + 1 / this.#weightOf(entry);
    this.#orders[0] = this.#order++;
    this.#sink();
    return entry;
  }

  #push(entry: T, deadline: number): void {
    let index = this.#entries.length;
    this.#entries.push(entry);
    this.#deadlines[index] = deadline;
    this.#orders[index] = this.#order++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    const length = this.#entries.length;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let first = index;
      if (left < length && this.#isBefore(left, first)) first = left;
      if (right < length && this.#isBefore(right, first)) first = right;
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const deadlineA = this.#deadlines[a] as number;
    const deadlineB = this.#deadlines[b] as number;
    return deadlineA === deadlineB ? (this.#orders[a] as number) < (this.#orders[b] as number) : deadlineA < deadlineB;
  }

  #swap(a: number, b: number): void {
    const entry = this.#entries[a] as T;
    this.#entries[a] = this.#entries[b] as T;
    this.#entries[b] = entry;
    const deadline = this.#deadlines[a] as number;
    this.#deadlines[a] = this.#deadlines[b] as number;
    this.#deadlines[b] = deadline;
    const order = this.#orders[a] as number;
    this.#orders[a] = this.#orders[b] as number;
    this.#orders[b] = order;
  }
}
