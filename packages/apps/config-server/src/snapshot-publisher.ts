/**
 * From a serving model to the snapshots that proxies are served. A group whose resources are wrong or do not fit
 * together keeps the snapshot it has.
 */
import { formatProblem, type Counter, type Logger, type Meter, type Problem } from '@sluice/kernel';
import type { ServingModel } from '@sluice/serving';
import { translate, translateEndpoints, type NodeGroup, type TranslateOptions } from '@sluice/translator';
import {
  createSnapshot,
  danglingReferences,
  replaceType,
  shortTypeName,
  typeUrls,
  type Codec,
  type Snapshot,
  type SnapshotCache,
  type SnapshotResult,
} from '@sluice/xds';

export interface SnapshotPublisherOptions {
  readonly cache: SnapshotCache;
  readonly codec: Codec;
  readonly translate: TranslateOptions;
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

  /** Publishes everything. */
  publish(model: ServingModel): void {
    const { cache, codec } = this.#options;
    for (const [group, resources] of entriesOf(translate(model, this.#options.translate))) {
      this.#offer(group, createSnapshot(resources, codec, cache.get(group)));
    }
  }

  /**
   * Publishes endpoints, with the rest as it was. False when they do not fit the rest, because that has changed too:
   * then all of it must be published.
   */
  publishEndpoints(model: ServingModel): boolean {
    const { cache, codec } = this.#options;
    let fits = true;
    for (const [group, resources] of entriesOf(translateEndpoints(model))) {
      const current = cache.get(group);
      if (current === undefined) continue;
      const result = replaceType(current, typeUrls.clusterLoadAssignment, resources, codec);
      if (result.ok && danglingReferences(result.snapshot).length === 0) this.#offer(group, result);
      else fits = false;
    }
    return fits;
  }

  #offer(group: NodeGroup, result: SnapshotResult): void {
    const { cache, logger } = this.#options;
    const problems = result.ok ? danglingReferences(result.snapshot) : result.problems;
    if (!result.ok || problems.length > 0) {
      this.#refused.add();
      this.#problems.set(group, problems);
      logger.error('snapshot refused', { group, problems: problems.map(formatProblem) });
      return;
    }
    this.#problems.delete(group);
    const previous = cache.get(group);
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
