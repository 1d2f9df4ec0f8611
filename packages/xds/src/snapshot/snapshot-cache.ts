/** The latest snapshot of each node group, and who wants to hear of the next. */
import type { Snapshot } from './snapshot.ts';

/** Stops a watch. */
export interface SnapshotWatch {
  cancel(): void;
}

export class SnapshotCache {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #watchers = new Map<string, Set<(snapshot: Snapshot) => void>>();

  /** The group's snapshot; absent until the first is set. */
  get(group: string): Snapshot | undefined {
    return this.#snapshots.get(group);
  }

  get groups(): readonly string[] {
    return [...this.#snapshots.keys()].sort();
  }

  /** Replaces the group's snapshot and tells its watchers, in the order they came. The same snapshot again tells nobody. */
  set(group: string, snapshot: Snapshot): void {
    if (this.#snapshots.get(group) === snapshot) return;
    this.#snapshots.set(group, snapshot);
    for (const watcher of this.#watchers.get(group) ?? []) watcher(snapshot);
  }

  /** Calls `watcher` on each later `set`; what is there already is not repeated. */
  watch(group: string, watcher: (snapshot: Snapshot) => void): SnapshotWatch {
    let watchers = this.#watchers.get(group);
    if (!watchers) this.#watchers.set(group, (watchers = new Set()));
    watchers.add(watcher);
    return {
      cancel: () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && this.#watchers.get(group) === watchers) this.#watchers.delete(group);
      },
    };
  }
}
