/** What several workers know of the same listeners and clusters, as one list. */
import type { ClusterStatus, HostStatus, ListenerStatus } from '../proxy-options.ts';

export function mergeListeners(parts: readonly (readonly ListenerStatus[])[]): readonly ListenerStatus[] {
  return mergeBy(parts.flat(), ({ name }) => name, (a, b) => ({ ...a, connections: a.connections + b.connections }));
}

export function mergeClusters(parts: readonly (readonly ClusterStatus[])[]): readonly ClusterStatus[] {
  return mergeBy(parts.flat(), ({ name }) => name, (a, b) => ({ ...added(a, b), hosts: mergeHosts([...a.hosts, ...b.hosts]) }));
}

/** A host is as ill as its worst worker says; each observes for itself. */
function mergeHosts(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return mergeBy(hosts, ({ address }) => address, (a, b) => ({
    ...added(a, b),
    healthy: a.healthy && b.healthy,
    healthFlags: [...new Set([...a.healthFlags, ...b.healthFlags])],
  }));
}

/** Numbers that describe the thing instead of counting what happens with it. */
const descriptions: readonly string[] = ['weight', 'priority', 'port', 'successRate', 'localOriginSuccessRate'];

/** Every number that both have is a count, unless it describes. */
function added<T extends object>(a: T, b: T): T {
  const sums = Object.entries(a).flatMap(([key, value]): [string, number][] => {
    const other: unknown = Reflect.get(b, key);
    return typeof value === 'number' && typeof other === 'number' && !descriptions.includes(key) ? [[key, value + other]] : [];
  });
  return { ...a, ...Object.fromEntries(sums) };
}

function mergeBy<T>(items: readonly T[], keyOf: (item: T) => string, merge: (a: T, b: T) => T): readonly T[] {
  const merged = new Map<string, T>();
  for (const item of items) {
    const before = merged.get(keyOf(item));
    merged.set(keyOf(item), before === undefined ? item : merge(before, item));
  }
  return [...merged.values()];
}
