/** What differs from one snapshot to the next, found in proportion to what does. */
import type { TypeUrl } from '../type-urls.ts';
import { ShardedMap, type Difference } from './sharded-map.ts';
import type { ResourceSet, Snapshot, VersionedResource } from './snapshot.ts';

/** One resource that came, went or changed. */
export type ResourceChange = Difference<VersionedResource>;

/** Per type that changed, each resource that did. */
export type ChangesByType = ReadonlyMap<TypeUrl, readonly ResourceChange[]>;

export function changesBetween(before: Snapshot, after: Snapshot): ChangesByType {
  const changes = new Map<TypeUrl, readonly ResourceChange[]>();
  for (const typeUrl of new Set([...before.types.keys(), ...after.types.keys()])) {
    const old = before.types.get(typeUrl);
    const fresh = after.types.get(typeUrl);
    if (old !== fresh) changes.set(typeUrl, [...mapOf(old).differencesTo(mapOf(fresh))]);
  }
  return changes;
}

function mapOf(set: ResourceSet | undefined): ShardedMap<VersionedResource> {
  return set === undefined ? ShardedMap.empty() : ShardedMap.from(set.resources);
}
