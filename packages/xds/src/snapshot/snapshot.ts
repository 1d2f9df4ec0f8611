/**
 * All resources of a node group at one moment, consistent with one another. Immutable; a change makes a
 * new one that shares whatever stayed the same.
 */
import type { Problem } from '@sluice/kernel';

import type { EncodedResource } from '../discovery.ts';
import type { JsonObject } from '../codec/json.ts';
import type { TypeUrl } from '../type-urls.ts';

/** A resource as its maker gives it. `value` has no `@type`; `typeUrl` says what it is. */
export interface Resource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly value: JsonObject;
}

/** A resource with what serving it needs. */
export interface VersionedResource extends Resource {
  /** First 16 hex digits of the SHA-256 of the canonical JSON, so that restarts and replicas agree. */
  readonly version: string;
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
