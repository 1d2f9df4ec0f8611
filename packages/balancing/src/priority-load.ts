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
  /** A priority is as full as the weights of its healthy hosts, and not as their number. Default false. */
  readonly weighsHealth?: boolean | undefined;
}

/** The hosts of a pool and the share of requests they get. */
export interface HostPool {
  /** Those that may be picked. */
  readonly hosts: readonly Host[];
  /** Which priority they are of, and all of it. */
  readonly index: number;
  readonly priority: PriorityHosts;
  /** Out of 100; the shares of all pools add up to 100. */
  readonly percent: number;
  /** Whether health is ignored here, because too few are healthy. */
  readonly isPanicking: boolean;
}

/** The pools of a host set. Empty when nobody may get anything. */
export function shareLoad({ priorities }: HostSet, options: PriorityLoadOptions): readonly HostPool[] {
  const healthy = priorities.map((hosts) => availability(hosts.healthy, hosts, options));
  const degraded = priorities.map((hosts) => availability(hosts.degraded, hosts, options));
  const total = Math.min(100, sum(healthy) + sum(degraded));
  const panics = priorities.map((hosts) => total < 100 && isInPanic(hosts, options));
  if (panics.every(Boolean)) return shareByNumbers(priorities);
  if (total === 0) return [];

  let left = 100;
  const pools: HostPool[] = [];
  const share = (percents: readonly number[], hostsOf: (hosts: PriorityHosts) => readonly Host[]): void => {
    percents.forEach((percent, index) => {
      const priority = priorities[index] as PriorityHosts;
      const part = Math.min(left, Math.floor((percent * 100) / total));
      left -= part;
      const isPanicking = panics[index] === true;
      if (part > 0) pools.push({ hosts: isPanicking ? priority.all : hostsOf(priority), index, priority, percent: part, isPanicking });
    });
  };
  share(healthy, (hosts) => hosts.healthy);
  share(degraded, (hosts) => hosts.degraded);
  return giveRest(pools, left);
}

/** What of 100 each of these priorities gets, healthy or not, in their order. All 0 when nobody may get anything. */
export function shareByPriority(priorities: readonly PriorityHosts[], options: PriorityLoadOptions): readonly number[] {
  const pools = shareLoad({ hosts: [], byKey: new Map(), priorities }, options);
  return priorities.map((_, index) => sum(pools.map((pool) => (pool.index === index ? pool.percent : 0))));
}

/** Every priority is in panic: each gets as much as it has hosts, whatever their health. */
function shareByNumbers(priorities: readonly PriorityHosts[]): readonly HostPool[] {
  const hostsTotal = sum(priorities.map(({ all }) => all.length));
  const pools = priorities
    .map((priority, index): HostPool => {
      const percent = Math.floor((100 * priority.all.length) / hostsTotal);
      return { hosts: priority.all, index, priority, percent, isPanicking: true };
    })
    .filter(({ hosts }) => hosts.length > 0);
  return giveRest(pools, 100 - sum(pools.map(({ percent }) => percent)));
}

/** What rounding down has left goes to the first; a pool that rounding has left nothing is none. */
function giveRest(pools: readonly HostPool[], rest: number): readonly HostPool[] {
  return pools.map((pool, index) => (index === 0 ? { ...pool, percent: pool.percent + rest } : pool)).filter(({ percent }) => percent > 0);
}

function availability(usable: readonly Host[], hosts: PriorityHosts, { overprovisioningPercent, weighsHealth }: PriorityLoadOptions): number {
  const known = weighsHealth ? weightOf(hosts.all.filter(({ isExcluded }) => !isExcluded)) : hosts.all.length - hosts.excludedCount;
  const count = weighsHealth ? weightOf(usable) : usable.length;
  return known <= 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * count) / known));
}

function weightOf(hosts: readonly Host[]): number {
  return hosts.reduce((total, { weight }) => total + weight, 0);
}

/** The threshold is cut to a whole percent before it is compared, as Envoy does. */
function isInPanic(hosts: PriorityHosts, { panicThresholdRatio }: PriorityLoadOptions): boolean {
  const known = hosts.all.length - hosts.excludedCount;
  const usable = hosts.healthy.length + hosts.degraded.length;
  const percent = known <= 0 ? 0 : (100 * usable) / known;
  // A little more than what the ratio was made from: 0.29 × 100 is 28.999….
  return percent < Math.floor(panicThresholdRatio * 100 + 1e-9);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
