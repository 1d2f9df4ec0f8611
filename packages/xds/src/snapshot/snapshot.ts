/**
 * All resources of a node group at one moment, consistent with one another. Immutable; a change makes a
 * new one that shares whatever stayed the same.
 */
import assert from 'node:assert/strict';

import { problem, type Problem } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import type { EncodedResource, WrappedResource } from '../discovery.ts';
import { messageNameOf, shortTypeName, type TypeUrl } from '../type-urls.ts';
import { frameResource } from '../wire/resource-frame.ts';
import { emptySetVersion, shareOf, versionOfBytes, versionOfChangedSet } from './content-version.ts';
import { ShardedMap } from './sharded-map.ts';

/** A resource as its maker gives it. `value` has no `@type`; `typeUrl` says what it is. */
export interface Resource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly value: JsonObject;
}

/** A resource with what serving it needs. */
export interface VersionedResource extends Resource {
  /** First 16 hex digits of the SHA-256 of the encoded bytes, so that restarts and replicas agree. */
  readonly version: string;
  /** What it adds to the version of the set that it is in. */
  readonly share: bigint;
  /** Encoded once, sent to many: as state of the world has it, */
  readonly encoded: EncodedResource;
  /** and as delta has it. */
  readonly wrapped: WrappedResource;
}

/** All resources of one type in a snapshot. */
export interface ResourceSet {
  /** Content hash over the names and versions of all: the sum of their shares. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, VersionedResource>;
}

export interface Snapshot {
  readonly types: ReadonlyMap<TypeUrl, ResourceSet>;
}

export type SnapshotResult =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** No resources of any type. */
export const emptySnapshot: Snapshot = { types: new Map() };

/**
 * Makes a snapshot of exactly `resources`. What is the same in `previous` is taken over from there, and when all
 * is the same the result is `previous` itself.
 */
export function createSnapshot(resources: readonly Resource[], codec: Codec, previous = emptySnapshot): SnapshotResult {
  const byType = new Map<TypeUrl, Resource[]>();
  for (const resource of resources) {
    const list = byType.get(resource.typeUrl);
    if (list) list.push(resource);
    else byType.set(resource.typeUrl, [resource]);
  }
  // A type that has lost its last resource stays, empty, so that clients are told.
  for (const typeUrl of previous.types.keys()) if (!byType.has(typeUrl)) byType.set(typeUrl, []);

  const problems: Problem[] = [];
  const types = new Map<TypeUrl, ResourceSet>();
  for (const [typeUrl, list] of byType) {
    types.set(typeUrl, createResourceSet(typeUrl, list, codec, previous.types.get(typeUrl), problems));
  }
  return finish(types, problems, previous);
}

/** Single resources that are new or different, and names that are gone. */
export interface SnapshotChanges {
  readonly changed: readonly Resource[];
  readonly removed: readonly Pick<Resource, 'typeUrl' | 'name'>[];
}

/**
 * The same snapshot with some resources changed, at a cost in proportion to the change. What does not differ in content
 * and names that are not there change nothing; when that is all, the result is `snapshot` itself.
 */
export function updateSnapshot(snapshot: Snapshot, { changed, removed }: SnapshotChanges, codec: Codec): SnapshotResult {
  const problems: Problem[] = [];
  const types = new Map(snapshot.types);
  for (const typeUrl of new Set([...changed, ...removed].map((resource) => resource.typeUrl))) {
    const previous = snapshot.types.get(typeUrl) ?? emptySet;
    const encoded = new Map<string, VersionedResource>();
    for (const resource of changed) {
      if (resource.typeUrl !== typeUrl) continue;
      if (encoded.has(resource.name)) problems.push(problem(label(resource), 'is there twice'));
      const before = previous.resources.get(resource.name);
      const next = encode(resource, codec, before, problems);
      if (next !== undefined) encoded.set(resource.name, next);
    }
    const gone = removed.filter((resource) => resource.typeUrl === typeUrl && !encoded.has(resource.name));
    const set = changeSet(previous, [...encoded.values()], gone.map(({ name }) => name));
    if (set !== emptySet) types.set(typeUrl, set);
  }
  return finish(types, problems, snapshot);
}

/** The same snapshot with other resources of one type: the fast lane of endpoints. */
export function replaceType(
  snapshot: Snapshot,
  typeUrl: TypeUrl,
  resources: readonly Resource[],
  codec: Codec,
): SnapshotResult {
  const problems: Problem[] = [];
  const types = new Map(snapshot.types);
  types.set(typeUrl, createResourceSet(typeUrl, resources, codec, snapshot.types.get(typeUrl), problems));
  return finish(types, problems, snapshot);
}

function finish(types: Map<TypeUrl, ResourceSet>, problems: Problem[], previous: Snapshot): SnapshotResult {
  if (problems.length > 0) return { ok: false, problems };
  const isSame =
    types.size === previous.types.size && [...types].every(([typeUrl, set]) => previous.types.get(typeUrl) === set);
  return { ok: true, snapshot: isSame ? previous : { types } };
}

function createResourceSet(
  typeUrl: TypeUrl,
  resources: readonly Resource[],
  codec: Codec,
  previous: ResourceSet = emptySet,
  problems: Problem[],
): ResourceSet {
  const changed: VersionedResource[] = [];
  const names = new Set<string>();
  for (const resource of resources) {
    assert.equal(resource.typeUrl, typeUrl);
    if (names.has(resource.name)) problems.push(problem(label(resource), 'is there twice'));
    names.add(resource.name);
    const before = previous.resources.get(resource.name);
    const next = encode(resource, codec, before, problems);
    if (next !== undefined && next !== before) changed.push(next);
  }
  const removed = [...previous.resources.keys()].filter((name) => !names.has(name));
  return changeSet(previous, changed, removed);
}

const emptySet: ResourceSet = { version: emptySetVersion, resources: ShardedMap.empty() };

/** The set with some resources replaced or added and others gone; itself when nothing differs. */
function changeSet(previous: ResourceSet, changed: readonly VersionedResource[], removed: readonly string[]): ResourceSet {
  const map = ShardedMap.from(previous.resources);
  const resources = map.with([
    ...removed.map((name) => [name, undefined] as const),
    ...changed.map((resource) => [resource.name, resource] as const),
  ]);
  if (resources === map) return previous;
  const gone = [...changed.map(({ name }) => name), ...removed].flatMap((name) => previous.resources.get(name) ?? []);
  const version = versionOfChangedSet(previous.version, changed.map(({ share }) => share), gone.map(({ share }) => share));
  return { version, resources };
}

/** The resource with what serving it needs; the one before when it is the same; undefined when it cannot be encoded. */
function encode(
  resource: Resource,
  codec: Codec,
  before: VersionedResource | undefined,
  problems: Problem[],
): VersionedResource | undefined {
  if (before?.value === resource.value) return before;
  const encoded = codec.encode(messageNameOf(resource.typeUrl), resource.value);
  if (!encoded.ok) {
    problems.push(...encoded.problems.map((found) => problem(`${label(resource)}.${found.path}`, found.message)));
    return undefined;
  }
  if (before !== undefined && Buffer.compare(before.encoded.value, encoded.value) === 0) return before;
  return versionedResource(resource, encoded.value);
}

/**
 * @param bytes the resource, encoded
 * @param version default: by the bytes
 */
export function versionedResource(resource: Resource, bytes: Uint8Array, version = versionOfBytes(bytes)): VersionedResource {
  const { typeUrl, name, value } = resource;
  return { typeUrl, name, value, version, share: shareOf(name, version), ...frameResource(typeUrl, name, version, bytes) };
}

/** How a resource is named in problems: `CDS["default/hello-00001"]`. */
function label({ typeUrl, name }: Pick<Resource, 'typeUrl' | 'name'>): string {
  return `${shortTypeName(typeUrl)}[${JSON.stringify(name)}]`;
}
