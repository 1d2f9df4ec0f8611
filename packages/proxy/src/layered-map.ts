/**
 * An immutable map from names whose successors cost what changes: a large map that stays, and over it a small layer of
 * what differs from it. When the layer has grown, both become the next large map. So a change of one among n costs
 * about the root of n on average, and a look-up one more look into a small map, or none where the layer is empty.
 */

/** Stands in a layer for what is there below and gone above. */
const gone = Symbol('gone');

type Layer<V> = ReadonlyMap<string, V | typeof gone>;

/** What is under a name before and after; undefined when there is nothing. */
export interface Difference<V> {
  readonly name: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

/** Below this a layer is not worth merging. Chosen. */
const layerSizeMin = 16;

export class LayeredMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #base: ReadonlyMap<string, V>;
  readonly #layer: Layer<V>;

  private constructor(base: ReadonlyMap<string, V>, layer: Layer<V>, size: number) {
    this.#base = base;
    this.#layer = layer;
    this.size = size;
  }

  static empty<V>(): LayeredMap<V> {
    return new LayeredMap<V>(new Map(), new Map(), 0);
  }

  /** Of entries that nobody changes any more; of a layered map itself. */
  static from<V>(entries: ReadonlyMap<string, V>): LayeredMap<V> {
    return entries instanceof LayeredMap ? entries : new LayeredMap(entries, new Map(), entries.size);
  }

  get(name: string): V | undefined {
    if (this.#layer.size === 0) return this.#base.get(name);
    const found = this.#layer.get(name);
    if (found === undefined) return this.#base.get(name);
    return found === gone ? undefined : found;
  }

  has(name: string): boolean {
    const found = this.#layer.get(name);
    return found === undefined ? this.#base.has(name) : found !== gone;
  }

  /** The same map with other values under some names; undefined takes a name out. Itself when nothing changes. */
  with(changes: Iterable<readonly [string, V | undefined]>): LayeredMap<V> {
    let layer: Map<string, V | typeof gone> | undefined;
    let { size } = this;
    for (const [name, value] of changes) {
      const found = (layer ?? this.#layer).get(name);
      const before = found === undefined ? this.#base.get(name) : found === gone ? undefined : found;
      if (before === value) continue;
      layer ??= new Map(this.#layer);
      if (value !== undefined) layer.set(name, value);
      else if (this.#base.has(name)) layer.set(name, gone);
      else layer.delete(name);
      size += (value === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    }
    if (layer === undefined) return this;
    if (layer.size <= Math.max(layerSizeMin, Math.sqrt(this.#base.size))) return new LayeredMap(this.#base, layer, size);
    return new LayeredMap(merge(this.#base, layer), new Map(), size);
  }

  /** Everything that differs in `after`. Between relatives it costs what differs, but for one in many. */
  *differencesTo(after: LayeredMap<V>): Generator<Difference<V>> {
    if (this === after) return;
    if (this.#base === after.#base) {
      yield* this.#differencesAmong(after, this.#layer.keys());
      for (const name of after.#layer.keys()) if (!this.#layer.has(name)) yield* this.#differencesAmong(after, [name]);
      return;
    }
    yield* this.#differencesAmong(after, this.keys());
    for (const [name, value] of after) if (!this.has(name)) yield { name, before: undefined, after: value };
  }

  *#differencesAmong(other: LayeredMap<V>, names: Iterable<string>): Generator<Difference<V>> {
    for (const name of names) {
      const before = this.get(name);
      const after = other.get(name);
      if (before !== after) yield { name, before, after };
    }
  }

  *entries(): Generator<[string, V], undefined> {
    const layer = this.#layer;
    for (const entry of this.#base) {
      const found = layer.size === 0 ? undefined : layer.get(entry[0]);
      if (found === undefined) yield entry;
      else if (found !== gone) yield [entry[0], found];
    }
    for (const [name, value] of layer) if (value !== gone && !this.#base.has(name)) yield [name, value];
    return undefined;
  }

  *keys(): Generator<string, undefined> {
    for (const [name] of this.entries()) yield name;
    return undefined;
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value;
    return undefined;
  }

  forEach(visit: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }
}

function merge<V>(base: ReadonlyMap<string, V>, layer: Layer<V>): ReadonlyMap<string, V> {
  const merged = new Map(base);
  for (const [name, value] of layer) {
    if (value === gone) merged.delete(name);
    else merged.set(name, value);
  }
  return merged;
}
