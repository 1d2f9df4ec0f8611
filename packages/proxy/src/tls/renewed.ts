/**
 * Something made of secrets and files that may change while it is in use. It is looked at again when somebody wants it
 * and anything has changed; what cannot be made leaves the last good one in use.
 */
import type { Report } from './data-files.ts';

/** What it would be made of now. */
export interface Ingredients<T> {
  /** Equal where the same would come out. */
  readonly version: string;
  /** @throws when the parts do not fit together */
  create(): T;
}

export interface RenewedOptions<T> {
  /** Another number whenever something may have changed. */
  readonly generation: () => number;
  /** Undefined while something is missing; what is wrong goes to `report`. */
  readonly gather: (report: Report) => Ingredients<T> | undefined;
  /** There was a good one, and there is another. */
  readonly onRenewed?: () => void;
  /** What is there now is no good; told once for each change. */
  readonly onFault: (faults: readonly Fault[]) => void;
}

export interface Fault {
  /** In the resource; empty for all of it. */
  readonly path: string;
  readonly message: string;
}

export class Renewed<T> {
  readonly #options: RenewedOptions<T>;
  #generation = -1;
  #version: string | undefined;
  #value: T | undefined;

  constructor(options: RenewedOptions<T>) {
    this.#options = options;
  }

  /** The last good one; undefined when there was none yet. */
  get(): T | undefined {
    const generation = this.#options.generation();
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#look();
    }
    return this.#value;
  }

  #look(): void {
    const faults: Fault[] = [];
    const ingredients = this.#options.gather((path, message) => void faults.push({ path, message }));
    if (ingredients && faults.length === 0) {
      if (ingredients.version === this.#version) return;
      this.#version = ingredients.version;
      this.#make(ingredients, faults);
    }
    if (faults.length > 0) this.#options.onFault(faults);
  }

  #make(ingredients: Ingredients<T>, faults: Fault[]): void {
    const hadOne = this.#value !== undefined;
    try {
      this.#value = ingredients.create();
    } catch (reason) {
      faults.push({ path: '', message: reason instanceof Error ? reason.message : String(reason) });
      return;
    }
    if (hadOne) this.#options.onRenewed?.();
  }
}
