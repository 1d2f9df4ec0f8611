/** The difference between two snapshots as it goes to a worker, and back into a snapshot there. */
import type { Checked, Problem } from '@sluice/kernel';
import { typeUrls, type DecodeOptions } from '@sluice/resources';
import { decoders, resourceKinds, type ConfigResource, type ConfigSnapshot, type ResourceKind } from '../config/config-resource.ts';
import { LayeredMap } from '../layered-map.ts';
import type { WireChange, WireResource } from './worker-protocol.ts';

/** Where a snapshot holds each kind. */
const fields = {
  listener: 'listeners',
  routeConfiguration: 'routes',
  virtualHost: 'virtualHosts',
  cluster: 'clusters',
  clusterLoadAssignment: 'assignments',
  secret: 'secrets',
  extensionConfig: 'extensions',
} as const satisfies Record<ResourceKind, keyof ConfigSnapshot>;

type Resources = ReadonlyMap<string, ConfigResource<unknown>>;

export const emptySnapshot: ConfigSnapshot = { version: '', listeners: new Map(), routes: new Map(), virtualHosts: new Map(), clusters: new Map(), assignments: new Map(), secrets: new Map(), extensions: new Map() };

/** Resources are compared by identity: an unchanged one is the same object. */
export function changeBetween(before: ConfigSnapshot, after: ConfigSnapshot, ports: WireChange['ports']): WireChange {
  const changed: WireResource[] = [];
  const removed: { kind: ResourceKind; name: string }[] = [];
  for (const kind of resourceKinds) {
    const [old, now]: [Resources, Resources] = [before[fields[kind]], after[fields[kind]]];
    for (const { name, after: resource } of LayeredMap.from(old).differencesTo(LayeredMap.from(now))) {
      if (resource) changed.push({ kind, name, version: resource.version, json: resource.json });
      else removed.push({ kind, name });
    }
  }
  return { version: after.version, changed, removed, ports };
}

/** Maps in which nothing changes stay the same, so that a compiler looks at no more than what is different. */
export function applyChange(before: ConfigSnapshot, { version, changed, removed }: WireChange, decoding: DecodeOptions): Checked<ConfigSnapshot> {
  const problems: Problem[] = [];
  const changes: Partial<Record<ResourceKind, Map<string, ConfigResource<unknown> | undefined>>> = {};
  const mapOf = (kind: ResourceKind) => (changes[kind] ??= new Map<string, ConfigResource<unknown> | undefined>());
  for (const { kind, name } of removed) mapOf(kind).set(name, undefined);
  for (const wire of changed) {
    // The main thread has found it good, by the same code.
    const decoded = decoders[wire.kind](wire.json, '', decoding);
    if (decoded.ok) mapOf(wire.kind).set(wire.name, resourceOf(wire, decoded.value));
    else problems.push(...decoded.problems);
  }
  if (problems.length > 0) return { ok: false, problems };
  const maps = resourceKinds.flatMap((kind) => {
    const own = changes[kind];
    return own ? [[fields[kind], LayeredMap.from<ConfigResource<unknown>>(before[fields[kind]]).with(own)] as const] : [];
  });
  return { ok: true, value: { ...before, ...Object.fromEntries(maps), version }, problems };
}

function resourceOf({ kind, name, version, json }: WireResource, value: unknown): ConfigResource<unknown> {
  return { typeUrl: typeUrls[kind], name, version, versionInfo: '', json, value, isStatic: false, path: '', updatedWallTime: 0 };
}
