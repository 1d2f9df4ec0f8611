/** What went through the same clusters in several workers, as one. */
import { formatAddress } from '@sluice/kernel';
import type { ClusterLoad, HostLoad } from '../upstream/cluster-load.ts';
import type { MetricSum } from '../upstream/reported-metrics.ts';

export function mergeLoads(parts: readonly (readonly ClusterLoad[])[]): readonly ClusterLoad[] {
  return mergeBy(parts.flat(), ({ name, serviceName = '' }) => `${name} ${serviceName}`, (a, b) => ({
    ...a,
    elapsedMs: Math.max(a.elapsedMs, b.elapsedMs),
    dropped: a.dropped + b.dropped,
    droppedByCategory: mergeRecords(a.droppedByCategory, b.droppedByCategory, (x, y) => x + y),
    hosts: mergeBy([...a.hosts, ...b.hosts], keyOfHost, addHosts),
  }));
}

function keyOfHost({ address, priority }: HostLoad): string {
  return `${priority} ${formatAddress(address)}`;
}

function addHosts(a: HostLoad, b: HostLoad): HostLoad {
  return {
    ...a,
    issued: a.issued + b.issued,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    inProgress: a.inProgress + b.inProgress,
    busyMs: a.busyMs + b.busyMs,
    metrics: mergeRecords<MetricSum>(a.metrics, b.metrics, (x, y) => ({ requests: x.requests + y.requests, total: x.total + y.total })),
  };
}

function mergeRecords<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>, add: (x: T, y: T) => T): Readonly<Record<string, T>> {
  const merged = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : add(before, value));
  }
  return Object.fromEntries(merged);
}

function mergeBy<T>(items: readonly T[], keyOf: (item: T) => string, merge: (a: T, b: T) => T): readonly T[] {
  const merged = new Map<string, T>();
  for (const item of items) {
    const before = merged.get(keyOf(item));
    merged.set(keyOf(item), before === undefined ? item : merge(before, item));
  }
  return [...merged.values()];
}
