/** The difference between two snapshots as it goes to a worker, and back into a snapshot there. */
import type { Checked, Problem } from '@sluice/kernel';
import { typeUrls, type DecodeOptions } from '@sluice/resources';
import { decoders, resourceKinds, type ConfigResource, type ConfigSnapshot, type ResourceKind } from '../config/config-resource.ts';
import type { WireChange, WireResource } from './worker-protocol.ts';

/** Where a snapshot holds each kind. */
const fields = {
  listener: 'listeners',
  routeConfiguration: 'routes',
  cluster: 'clusters',
  clusterLoadAssignment: 'assignments',
  secret: 'secrets',
} as const satisfies Record<ResourceKind, keyof ConfigSnapshot>;

type Resources = ReadonlyMap<string, ConfigResource<unknown>>;

export const emptySnapshot: ConfigSnapshot = { version: '', listeners: new Map(), routes: new Map(), clusters: new Map(), assignments: new Map(), secrets: new Map() };

/** Resources are compared by identity: an unchanged one is the same object. */
export function changeBetween(before: ConfigSnapshot, after: ConfigSnapshot, ports: WireChange['ports']): WireChange {
  const changed: WireResource[] = [];
  const removed: { kind: ResourceKind; name: string }[] = [];
  for (const kind of resourceKinds) {
    const [old, now]: [Resources, Resources] = [before[fields[kind]], after[fields[kind]]];
    if (old === now) continue;
    for (const [name, resource] of now) if (old.get(name) !== resource) changed.push({ kind, name, version: resource.version, json: resource.json });
    for (const name of old.keys()) if (!now.has(name)) removed.push({ kind, name });
  }
  return { version: after.version, changed, removed, ports };
}

/** Maps in which nothing changes stay the same, so that a compiler looks at no more than what is different. */
export function applyChange(before: ConfigSnapshot, { version, changed, removed }: WireChange, decoding: DecodeOptions): Checked<ConfigSnapshot> {
  const problems: Problem[] = [];
  const maps: Record<string, Map<string, ConfigResource<unknown>>> = {};
  const mapOf = (kind: ResourceKind) => (maps[fields[kind]] ??= new Map<string, ConfigResource<unknown>>(before[fields[kind]]));
  for (const { kind, name } of removed) mapOf(kind).delete(name);
  for (const wire of changed) {
    // The main thread has found it good, by the same code.
    const decoded = decoders[wire.kind](wire.json, '', decoding);
    if (decoded.ok) mapOf(wire.kind).set(wire.name, resourceOf(wire, decoded.value));
    else problems.push(...decoded.problems);
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { ...before, ...maps, version }, problems };
}

function resourceOf({ kind, name, version, json }: WireResource, value: unknown): ConfigResource<unknown> {
  return { typeUrl: typeUrls[kind], name, version, versionInfo: '', json, value, isStatic: false, path: '', updatedWallTime: 0 };
}
