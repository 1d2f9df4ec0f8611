/** The latest snapshot of each node group, and who wants to hear of the next. */
import type { Codec } from '../codec/codec.ts';
import { changesBetween, type ChangesByType } from './snapshot-changes.ts';
import { emptySnapshot, updateSnapshot, type Snapshot, type SnapshotChanges, type SnapshotResult } from './snapshot.ts';

/** Hears of a new snapshot, and what differs in it from the one before. */
export type SnapshotWatcher = (snapshot: Snapshot, changes: ChangesByType) => void;

/** Stops a watch. */
export interface SnapshotWatch {
  cancel(): void;
}

interface Derived {
  readonly group: string;
  readonly from: string;
  readonly make: (snapshot: Snapshot) => Snapshot;
  /** What the latest was made from. */
  source: Snapshot | undefined;
}

export class SnapshotCache {
  readonly #snapshots = new Map<string, Snapshot>();
  /** Groups whose snapshots follow from another's. */
  readonly #derived = new Map<string, Derived>();
  readonly #watchers = new Map<string, Set<SnapshotWatcher>>();

  /** The group's snapshot; absent until the first is set. */
  get(group: string): Snapshot | undefined {
    const derived = this.#derived.get(group);
    if (derived) this.#bringUpToDate(derived);
    return this.#snapshots.get(group);
  }

  /** Lets the snapshots of `group` follow from those of another. They are made only for somebody who asks or watches. */
  derive(group: string, from: string, make: (snapshot: Snapshot) => Snapshot): void {
    this.#derived.set(group, { group, from, make, source: undefined });
  }

  #bringUpToDate(derived: Derived): void {
    const source = this.#snapshots.get(derived.from);
    if (source === undefined || source === derived.source) return;
    derived.source = source;
    this.set(derived.group, derived.make(source));
  }

  get groups(): readonly string[] {
    return [...this.#snapshots.keys()].sort();
  }

  /** Replaces the group's snapshot and tells its watchers, in the order they came. The same snapshot again tells nobody. */
  set(group: string, snapshot: Snapshot): void {
    const previous = this.#snapshots.get(group);
    if (previous === snapshot) return;
    this.#snapshots.set(group, snapshot);
    const watchers = this.#watchers.get(group);
    if (watchers !== undefined) {
      // Found once for all who watch: each of many streams then does work for what has changed and no more.
      const changes = changesBetween(previous ?? emptySnapshot, snapshot);
      for (const watcher of watchers) watcher(snapshot, changes);
    }
    for (const derived of this.#derived.values()) if (derived.from === group && this.#watchers.has(derived.group)) this.#bringUpToDate(derived);
  }

  /** What nobody watches is made again when somebody comes. */
  #forget(group: string): void {
    const derived = this.#derived.get(group);
    if (!derived) return;
    derived.source = undefined;
    this.#snapshots.delete(group);
  }

  /** Changes single resources of the group's snapshot, at a cost in proportion to the change. What has a mistake in it changes nothing. */
  update(group: string, changes: SnapshotChanges, codec: Codec): SnapshotResult {
    const result = updateSnapshot(this.#snapshots.get(group) ?? emptySnapshot, changes, codec);
    if (result.ok) this.set(group, result.snapshot);
    return result;
  }

  /** Calls `watcher` on each later `set`; what is there already is not repeated. */
  watch(group: string, watcher: SnapshotWatcher): SnapshotWatch {
    let watchers = this.#watchers.get(group);
    if (!watchers) this.#watchers.set(group, (watchers = new Set()));
    watchers.add(watcher);
    return {
      cancel: () => {
        watchers.delete(watcher);
        if (watchers.size > 0 || this.#watchers.get(group) !== watchers) return;
        this.#watchers.delete(group);
        this.#forget(group);
      },
    };
  }
}
