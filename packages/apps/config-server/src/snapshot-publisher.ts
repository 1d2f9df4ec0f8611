/**
 * From changes of resources to the snapshots that proxies are served. A group whose resources are wrong keeps the
 * snapshot it has.
 */
import { formatProblem, type Counter, type Logger, type Meter, type Problem } from '@sluice/kernel';
import type { GroupChanges, NodeGroup, TranslatedGroups } from '@sluice/translator';
import { createSnapshot, shortTypeName, updateSnapshot, type Codec, type Snapshot, type SnapshotCache, type SnapshotResult } from '@sluice/xds';

export interface SnapshotPublisherOptions {
  readonly cache: SnapshotCache;
  readonly codec: Codec;
  readonly logger: Logger;
  readonly meter: Meter;
}

export class SnapshotPublisher {
  readonly #options: SnapshotPublisherOptions;
  readonly #published: Counter;
  readonly #refused: Counter;
  readonly #problems = new Map<NodeGroup, readonly Problem[]>();

  constructor(options: SnapshotPublisherOptions) {
    this.#options = options;
    const { meter } = options;
    this.#published = meter.counter('sluice_snapshots_published_total', 'snapshots of a node group that were published');
    this.#refused = meter.counter('sluice_snapshots_refused_total', 'snapshots of a node group that were refused');
  }

  /** Why a group's latest snapshot was not published; empty for groups that are up to date. */
  get problems(): ReadonlyMap<NodeGroup, readonly Problem[]> {
    return this.#problems;
  }

  /** @param all what each group has with the changes in it */
  publish(changes: GroupChanges, all: () => TranslatedGroups): void {
    const { cache, codec } = this.#options;
    let whole: TranslatedGroups | undefined;
    for (const [group, change] of entriesOf(changes)) {
      const previous = cache.get(group);
      if (previous !== undefined && !this.#problems.has(group)) {
        // Encoding, comparing and telling cost what has changed, however much there is.
        if (change.changed.length + change.removed.length > 0) this.#offer(group, previous, updateSnapshot(previous, change, codec));
        continue;
      }
      // It has nothing yet, or has kept an older snapshot: changes alone would not bring it up to date.
      whole ??= all();
      this.#offer(group, previous, createSnapshot(whole[group], codec, previous));
    }
  }

  #offer(group: NodeGroup, previous: Snapshot | undefined, result: SnapshotResult): void {
    const { cache, logger } = this.#options;
    if (!result.ok) {
      this.#refused.add();
      this.#problems.set(group, result.problems);
      logger.error('snapshot refused', { group, problems: result.problems.map(formatProblem) });
      return;
    }
    this.#problems.delete(group);
    if (result.snapshot === previous) return;
    this.#published.add();
    logger.info('snapshot published', { group, ...describeChange(previous, result.snapshot) });
    cache.set(group, result.snapshot);
  }
}

function entriesOf<T>(groups: Readonly<Record<NodeGroup, T>>): [NodeGroup, T][] {
  return Object.entries(groups) as [NodeGroup, T][];
}

/** Per type that changed, how many resources it has now and which version. */
function describeChange(previous: Snapshot | undefined, next: Snapshot): Record<string, string> {
  const changes: Record<string, string> = {};
  for (const [typeUrl, set] of next.types) {
    if (previous?.types.get(typeUrl) === set) continue;
    changes[shortTypeName(typeUrl)] = `${set.resources.size} @ ${set.version}`;
  }
  return changes;
}
