/** The virtual hosts of one table, in the order of their names. */
import type { JsonObject } from './resource.ts';

interface Host {
  readonly value: JsonObject;
  readonly text: string;
}

export class VirtualHostTable {
  readonly #hosts = new Map<string, Host>();
  /** Sorted. */
  readonly #names: string[] = [];
  #hasChanged = true;

  /** Puts one in, or takes it out. */
  set(name: string, value: JsonObject | undefined): void {
    const before = this.#hosts.get(name);
    if (value === undefined) {
      if (!before) return;
      this.#hosts.delete(name);
      this.#names.splice(this.#placeOf(name), 1);
    } else {
      const text = JSON.stringify(value);
      if (before?.text === text) return;
      this.#hosts.set(name, { value, text });
      if (!before) this.#names.splice(this.#placeOf(name), 0, name);
    }
    this.#hasChanged = true;
  }

  /** All of them, if something is different since the last time. */
  take(): readonly JsonObject[] | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return this.#names.map((name) => (this.#hosts.get(name) as Host).value);
  }

  /** Where a name stands, or would. */
  #placeOf(name: string): number {
    let from = 0;
    let to = this.#names.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#names[middle] as string) < name) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
