/**
 * Slow start: a host that has just come gets a share that grows to its whole weight over a window, so that caches,
 * pools and compilers there can warm up.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
 */
import type { Host } from './host.ts';

export interface SlowStart {
  /** How long it takes to the whole weight, in ms. */
  readonly windowMs: number;
  /** 1 grows evenly; more grows faster at first. Default 1, as Envoy. */
  readonly aggression: number;
  /** The share that it begins with. Default 0.1, as Envoy. */
  readonly minWeightRatio: number;
}

/** The part of its weight that a host has at `now`: weight × max(minimum, (age / window) ^ (1 / aggression)). */
export function slowStartFactor({ windowMs, aggression, minWeightRatio }: SlowStart, host: Host, now: number): number {
  const ageMs = now - host.healthySince;
  if (ageMs >= windowMs) return 1;
  // Envoy counts whole ms and at least one.
  const grown = Math.max(1, ageMs) / windowMs;
  return Math.max(aggression === 1 ? grown : grown ** (1 / aggression), minWeightRatio);
}

/** When the last of `hosts` has its whole weight. */
export function slowStartEnd({ windowMs }: SlowStart, hosts: readonly Host[]): number {
  return hosts.reduce((end, host) => Math.max(end, host.healthySince + windowMs), Number.NEGATIVE_INFINITY);
}
