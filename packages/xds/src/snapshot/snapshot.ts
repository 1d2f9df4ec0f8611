/**
 * All resources of a node group at one moment, consistent with one another. Immutable; a change makes a
 * new one that shares whatever stayed the same.
 */
import assert from 'node:assert/strict';

import { problem, type Problem } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import type { EncodedResource } from '../discovery.ts';
import { messageNameOf, shortTypeName, type TypeUrl } from '../type-urls.ts';
import { versionOfBytes, versionOfSet } from './content-version.ts';

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
  /** Encoded once, sent to many. */
  readonly encoded: EncodedResource;
}

/** All resources of one type in a snapshot. */
export interface ResourceSet {
  /** Content hash over the names and versions of all. */
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
  previous: ResourceSet | undefined,
  problems: Problem[],
): ResourceSet {
  const versioned = new Map<string, VersionedResource>();
  let isSame = previous !== undefined && previous.resources.size === resources.length;
  for (const resource of resources) {
    assert.equal(resource.typeUrl, typeUrl);
    if (versioned.has(resource.name)) {
      problems.push(problem(label(resource), 'is there twice'));
      continue;
    }
    const before = previous?.resources.get(resource.name);
    const next = before?.value === resource.value ? before : encode(resource, codec, before, problems);
    if (next === undefined) continue;
    versioned.set(resource.name, next);
    isSame &&= next === before;
  }
  if (isSame && previous !== undefined) return previous;
  return { version: versionOfSet(versioned.values()), resources: versioned };
}

function encode(
  resource: Resource,
  codec: Codec,
  before: VersionedResource | undefined,
  problems: Problem[],
): VersionedResource | undefined {
  const encoded = codec.encode(messageNameOf(resource.typeUrl), resource.value);
  if (!encoded.ok) {
    problems.push(...encoded.problems.map((found) => problem(`${label(resource)}.${found.path}`, found.message)));
    return undefined;
  }
  if (before !== undefined && Buffer.compare(before.encoded.value, encoded.value) === 0) return before;
  return {
    ...resource,
    version: versionOfBytes(encoded.value),
    encoded: { typeUrl: resource.typeUrl, value: encoded.value },
  };
}

/** How a resource is named in problems: `CDS["default/hello-00001"]`. */
function label({ typeUrl, name }: Resource): string {
  return `${shortTypeName(typeUrl)}[${JSON.stringify(name)}]`;
}
