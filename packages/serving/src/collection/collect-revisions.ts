/** Which Revisions of a Configuration nobody uses any more and none will miss: the rules of `config-gc`. */
import type { Revision } from '../api/revision.ts';
import type { GcConfig } from '../config/gc-config.ts';
import { annotations, labels } from '../labels.ts';

export interface CollectionFacts {
  /** All Revisions of one Configuration. */
  readonly revisions: readonly Revision[];
  /** The newest that works: it is never collected. */
  readonly latestReadyName: string | undefined;
  readonly config: GcConfig;
  /** Wall time, in ms since 1970. */
  readonly nowMs: number;
}

export interface Collection {
  /** To be deleted, the one that was used longest ago first. */
  readonly collected: readonly Revision[];
  /** When another will be due, in ms since 1970, if nothing else changes before. Undefined: never. */
  readonly nextAtMs: number | undefined;
}

/**
 * Revisions without a route, in the order in which they were last used: those that are stale go, as long as `min` are left; of what
 * is left then, no more than `max` stay.
 */
export function collectRevisions({ revisions, latestReadyName, config, nowMs }: CollectionFacts): Collection {
  const idle = revisions
    .filter((revision) => isIdle(revision, latestReadyName))
    .toSorted((a, b) => lastActiveMs(a) - lastActiveMs(b) || createdMs(a) - createdMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  const spare = idle.length - config.minNonActiveRevisions;
  if (spare <= 0) return { collected: [], nextAtMs: undefined };
  const stale = idle.filter((revision) => staleAtMs(revision, config) <= nowMs).slice(0, spare);
  const fresh = idle.filter((revision) => !stale.includes(revision));
  const excess = config.maxNonActiveRevisions === undefined ? 0 : Math.max(0, fresh.length - config.maxNonActiveRevisions);
  const left = fresh.slice(excess);
  return { collected: [...stale, ...fresh.slice(0, excess)], nextAtMs: nextAtMs(left, config) };
}

/** A Revision that waits for its first route is not idle; nor is one that is to be kept. */
function isIdle({ metadata }: Revision, latestReadyName: string | undefined): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    metadata.labels?.[labels.routingState] === 'reserve' &&
    metadata.name !== latestReadyName &&
    metadata.annotations?.[annotations.noGc]?.toLowerCase() !== 'true'
  );
}

/** Infinity: never. */
function staleAtMs(revision: Revision, { retainSinceCreateTimeMs, retainSinceLastActiveTimeMs }: GcConfig): number {
  if (retainSinceCreateTimeMs === undefined && retainSinceLastActiveTimeMs === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(
    retainSinceCreateTimeMs === undefined ? 0 : createdMs(revision) + retainSinceCreateTimeMs,
    retainSinceLastActiveTimeMs === undefined ? 0 : lastActiveMs(revision) + retainSinceLastActiveTimeMs,
  );
}

/** Of those that are left, as many as may go beyond the least number. */
function nextAtMs(left: readonly Revision[], config: GcConfig): number | undefined {
  if (left.length <= config.minNonActiveRevisions) return undefined;
  const next = Math.min(...left.map((revision) => staleAtMs(revision, config)));
  return Number.isFinite(next) ? next : undefined;
}

function lastActiveMs(revision: Revision): number {
  const stated = Date.parse(revision.metadata.annotations?.[annotations.routingStateModified] ?? '');
  return Number.isNaN(stated) ? createdMs(revision) : stated;
}

function createdMs({ metadata }: Revision): number {
  const created = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(created) ? 0 : created;
}
