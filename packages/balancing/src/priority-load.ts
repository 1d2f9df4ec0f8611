/**
 * How requests are shared among priorities, by Envoy's integer arithmetic: a priority with enough healthy hosts
 * takes all, one that lacks some passes the rest on, and a cluster in panic ignores health.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
 */
import type { Host } from './host.ts';
import type { HostSet, PriorityHosts } from './host-set.ts';

export interface PriorityLoadOptions {
  /** A priority counts as full with this share of its hosts healthy, inverted: 140 means 72 % suffice. */
  readonly overprovisioningPercent: number;
  /** With a smaller share of healthy hosts, all hosts of a priority take part; 0 never. */
  readonly panicThresholdRatio: number;
}

/** The hosts of a pool and the share of requests they get. */
export interface HostPool {
  readonly hosts: readonly Host[];
  /** Out of 100; the shares of all pools add up to 100. */
  readonly percent: number;
  /** Whether health is ignored here, because too few are healthy. */
  readonly isPanicking: boolean;
}

/** The pools of a host set. Empty when nobody may get anything. */
export function shareLoad(set: HostSet, options: PriorityLoadOptions): readonly HostPool[] {
  const { priorities } = set;
  if (set.hosts.length === 0) return [];
  const healthy = priorities.map((hosts) => availability(hosts.healthy.length, hosts, options));
  const degraded = priorities.map((hosts) => availability(hosts.degraded.length, hosts, options));
  const total = Math.min(100, sum(healthy) + sum(degraded));
  if (total === 0) return panicPools(set, options);

  let left = 100;
  const shares: { hosts: readonly Host[]; percent: number; priority: number }[] = [];
  const share = (percents: readonly number[], hostsOf: (hosts: PriorityHosts) => readonly Host[]): void => {
    percents.forEach((percent, priority) => {
      const part = Math.min(left, Math.floor((percent * 100) / total));
      left -= part;
      if (part > 0) shares.push({ hosts: hostsOf(priorities[priority] as PriorityHosts), percent: part, priority });
    });
  };
  share(healthy, (hosts) => hosts.healthy);
  share(degraded, (hosts) => hosts.degraded);

  return shares.map(({ hosts, percent, priority }, index): HostPool => {
    const isPanicking = total < 100 && isInPanic(priorities[priority] as PriorityHosts, options);
    return {
      hosts: isPanicking ? (priorities[priority] as PriorityHosts).all : hosts,
      // What rounding down has left goes to the first.
      percent: index === 0 ? percent + left : percent,
      isPanicking,
    };
  });
}

/** Nobody is well. Then everybody of the first priority with hosts takes part, unless panic is turned off. */
function panicPools(set: HostSet, options: PriorityLoadOptions): readonly HostPool[] {
  const first = set.priorities.find((hosts) => hosts.all.length > 0);
  if (first === undefined || options.panicThresholdRatio <= 0) return [];
  return [{ hosts: first.all, percent: 100, isPanicking: true }];
}

function availability(count: number, hosts: PriorityHosts, options: PriorityLoadOptions): number {
  if (hosts.all.length === 0) return 0;
  return Math.min(100, Math.floor((options.overprovisioningPercent * count) / hosts.all.length));
}

/** The share of hosts is cut to a whole percent before it is compared, as Envoy does. */
function isInPanic(hosts: PriorityHosts, { panicThresholdRatio }: PriorityLoadOptions): boolean {
  const usable = hosts.healthy.length + hosts.degraded.length;
  const percent = hosts.all.length === 0 ? 0 : Math.floor((100 * usable) / hosts.all.length);
  return percent < Math.round(panicThresholdRatio * 100);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
