/**
 * The hosts of a cluster at one moment: immutable, ordered by priority, with who is healthy worked out. A new set is
 * made from the previous one and the new endpoints; hosts that stay keep their identity and with it their counts.
 */
import type { Endpoint } from './endpoint.ts';
import { Host, keyOf } from './host.ts';

export interface HostSet {
  readonly hosts: readonly Host[];
  /** From priority 0 upwards, without gaps. */
  readonly priorities: readonly PriorityHosts[];
  /** By address as text. */
  readonly byKey: ReadonlyMap<string, Host>;
}

/** Hosts of one priority. Each host is in `all` and in at most one of the other two. */
export interface PriorityHosts {
  readonly all: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
  /** How many of `all` are left out of every ratio, because nothing is known of them yet. */
  readonly excludedCount: number;
}

export interface HostSetChange {
  readonly hosts: HostSet;
  readonly added: readonly Host[];
  /** No longer in the set: they get nothing new, and what is under way on them finishes. */
  readonly removed: readonly Host[];
}

export const emptyHostSet: HostSet = { hosts: [], priorities: [], byKey: new Map() };

/** The set for `endpoints`. Of several endpoints with one key the first counts. */
export function changeHosts(previous: HostSet, endpoints: readonly Endpoint[]): HostSetChange {
  const byKey = new Map<string, Host>();
  const added: Host[] = [];
  for (const endpoint of endpoints) {
    const key = keyOf(endpoint);
    if (byKey.has(key)) continue;
    const known = previous.byKey.get(key);
    const host = known ?? new Host(endpoint);
    if (known) known.describe(endpoint);
    else added.push(host);
    byKey.set(key, host);
  }
  const removed = previous.hosts.filter((host) => !byKey.has(host.key));
  return { hosts: arrange([...byKey.values()], byKey), added, removed };
}

/** The same hosts, looked at anew: for when their health has changed. */
export function refreshHosts({ hosts, byKey }: HostSet): HostSet {
  return arrange(hosts, byKey);
}

/** Hosts that somebody else has made, arranged as a set. */
export function arrangeHosts(hosts: readonly Host[]): HostSet {
  return arrange(hosts, new Map(hosts.map((host) => [host.key, host])));
}

/** Some of the hosts, arranged as all are. Hosts by key are still all, since who asks for one by name means just that one. */
export function restrictHosts({ byKey }: HostSet, hosts: readonly Host[]): HostSet {
  return arrange(hosts, byKey);
}

function arrange(hosts: readonly Host[], byKey: ReadonlyMap<string, Host>): HostSet {
  const priorityMax = hosts.reduce((max, host) => Math.max(max, host.endpoint.priority), -1);
  const priorities = Array.from({ length: priorityMax + 1 }, (_, priority): PriorityHosts => {
    const all = hosts.filter((host) => host.endpoint.priority === priority);
    return {
      all,
      healthy: all.filter((host) => host.health === 'healthy'),
      degraded: all.filter((host) => host.health === 'degraded'),
      excludedCount: all.reduce((count, host) => (host.isExcluded ? count + 1 : count), 0),
    };
  });
  return { hosts, priorities, byKey };
}
