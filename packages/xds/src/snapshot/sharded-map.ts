/**
 * An immutable map from names. Another with a few changes costs in proportion to the changes and not to the map: the
 * entries lie in shards by a hash of the name, and only the shards that change are copied. Two maps of which one came
 * from the other are compared as cheaply, since what they share is the same object.
 */

/** How many shards. Chosen: with 20,000 entries some 80 in each, so that a change copies 80 entries and 256 references. */
const shardCount = 256;

type Shard<V> = ReadonlyMap<string, V>;

/** What is under a name before and after; absent when there is nothing. */
export interface Difference<V> {
  readonly name: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

export class ShardedMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #shards: readonly Shard<V>[];

  private constructor(shards: readonly Shard<V>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static empty<V>(): ShardedMap<V> {
    const shard: Shard<V> = new Map();
    return new ShardedMap<V>(Array.from({ length: shardCount }, () => shard), 0);
  }

  static from<V>(entries: ReadonlyMap<string, V>): ShardedMap<V> {
    return entries instanceof ShardedMap ? entries : ShardedMap.empty<V>().with(entries);
  }

  /** The same map with other values under some names; undefined takes a name out. Itself when nothing changes. */
  with(changes: Iterable<readonly [string, V | undefined]>): ShardedMap<V> {
    let { size } = this;
    const shards = [...this.#shards];
    const copied = new Map<number, Map<string, V>>();
    for (const [name, value] of changes) {
      const index = shardOf(name);
      const shard = copied.get(index) ?? (shards[index] as Shard<V>);
      if (value === undefined ? !shard.has(name) : shard.get(name) === value) continue;
      let copy = copied.get(index);
      if (copy === undefined) {
        copied.set(index, (copy = new Map(shard)));
        shards[index] = copy;
      }
      size -= copy.size;
      if (value === undefined) copy.delete(name);
      else copy.set(name, value);
      size += copy.size;
    }
    return copied.size === 0 ? this : new ShardedMap(shards, size);
  }

  /** Everything that differs in `after`. Shards that both share are passed over. */
  *differencesTo(after: ShardedMap<V>): Generator<Difference<V>> {
    for (let index = 0; index < shardCount; index += 1) {
      const old = this.#shards[index] as Shard<V>;
      const fresh = after.#shards[index] as Shard<V>;
      if (old === fresh) continue;
      for (const [name, before] of old) {
        const now = fresh.get(name);
        if (now !== before) yield { name, before, after: now };
      }
      for (const [name, value] of fresh) if (!old.has(name)) yield { name, before: undefined, after: value };
    }
  }

  get(name: string): V | undefined {
    return (this.#shards[shardOf(name)] as Shard<V>).get(name);
  }

  has(name: string): boolean {
    return (this.#shards[shardOf(name)] as Shard<V>).has(name);
  }

  forEach(visit: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  *entries(): Generator<[string, V], undefined> {
    for (const shard of this.#shards) yield* shard.entries();
    return undefined;
  }

  *keys(): Generator<string, undefined> {
    for (const shard of this.#shards) yield* shard.keys();
    return undefined;
  }

  *values(): Generator<V, undefined> {
    for (const shard of this.#shards) yield* shard.values();
    return undefined;
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }
}

/** FNV-1a over the UTF-16 units, folded to a shard. */
function shardOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return ((hash >>> 16) ^ hash) & (shardCount - 1);
}
