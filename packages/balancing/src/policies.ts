/** The policies: given the hosts of a pool, how to choose one of them. Each is a handful of lines. */
import { randomInt, type Random } from '@sluice/kernel';
import type { Hash64 } from './hash/hash64.ts';
import type { HashPolicySpec } from './hash/hash-policies.ts';
import type { Host } from './host.ts';
import type { ReportedWeights } from './load-report/reported-weights.ts';
import { slowStartEnd, slowStartFactor, type SlowStart } from './slow-start.ts';
import { WeightedSchedule } from './weighted-schedule.ts';

/** Which policy, with its settings. */
export type PolicySpec = TurnPolicySpec | HashPolicySpec;

/** Policies that look at hosts only, and not at the request. */
export type TurnPolicySpec =
  /** In turn, each as often as its weight says. */
  | { readonly kind: 'round-robin'; readonly slowStart?: SlowStart | undefined }
  /**
   * The least busy of `choiceCount` hosts drawn at random; where weights differ, in turn by
   * weight / (requests under way + 1) ^ `activeRequestBias`.
   */
  | {
      readonly kind: 'least-request';
      readonly choiceCount: number;
      readonly activeRequestBias: number;
      readonly slowStart?: SlowStart | undefined;
    }
  /** In turn, each as often as what it reports of its load says; `weights` outlive the hosts of the moment. */
  | { readonly kind: 'reported-weights'; readonly weights: ReportedWeights; readonly slowStart?: SlowStart | undefined }
  /** At random, each as often as its weight says. */
  | { readonly kind: 'random' };

/**
 * Chooses a host out of those it was made for. Policies that place requests by hash look at `hash`; `attempt` counts
 * how often it has chosen for this pick, from 0, and lets them come to another host. Undefined: nobody may be chosen.
 */
export type ChooseHost = (hash: Hash64 | undefined, attempt: number) => Host | undefined;

/** What choosing needs of the world. */
export interface PolicyContext {
  readonly random: Random;
  /** Monotonic ms; asked only while a host is in its slow start. */
  readonly now: () => number;
}

/** @param hosts of which there is at least one */
export function createPolicy(spec: TurnPolicySpec, hosts: readonly Host[], context: PolicyContext): ChooseHost {
  const { random } = context;
  if (hosts.length === 1) {
    const only = hosts[0] as Host;
    return () => only;
  }
  switch (spec.kind) {
    case 'round-robin':
      return startingSlowly(spec.slowStart, hosts, hostWeight, context, () =>
        haveEqualWeights(hosts) ? inTurn(hosts, random) : byWeight(hosts, hostWeight, random),
      );
    case 'least-request': {
      const weightNow = leastRequestWeight(spec.activeRequestBias);
      return startingSlowly(spec.slowStart, hosts, weightNow, context, () =>
        haveEqualWeights(hosts) ? leastBusyOf(hosts, spec.choiceCount, random) : byWeight(hosts, weightNow, random),
      );
    }
    case 'reported-weights': {
      const { weights } = spec;
      return startingSlowly(spec.slowStart, hosts, (host) => weights.of(host), context, () => byReportedWeight(hosts, weights, context));
    }
    case 'random':
      return haveEqualWeights(hosts) ? atRandom(hosts, random) : atWeightedRandom(hosts, random);
  }
}

/** One after the other, from a random start, so that proxies that start together do not march in step. */
function inTurn(hosts: readonly Host[], random: Random): ChooseHost {
  let next = randomInt(random, hosts.length);
  return () => {
    const host = hosts[next] as Host;
    next = next + 1 === hosts.length ? 0 : next + 1;
    return host;
  };
}

function byWeight(hosts: readonly Host[], weightOf: (host: Host) => number, random: Random): ChooseHost {
  const schedule = new WeightedSchedule(hosts, weightOf, random.next());
  return () => schedule.next() as Host;
}

/** Weights change once in a while; then the rotation begins anew, since what is due in the old one follows from the old ones. */
function byReportedWeight(hosts: readonly Host[], weights: ReportedWeights, { random, now }: PolicyContext): ChooseHost {
  const weightOf = (host: Host): number => weights.of(host);
  weights.update(hosts, now());
  let schedule = new WeightedSchedule(hosts, weightOf, random.next());
  return () => {
    if (weights.update(hosts, now())) schedule = new WeightedSchedule(hosts, weightOf, random.next());
    return schedule.next() as Host;
  };
}

/** While a host is in its slow start, in turn by what its weight has grown to; afterwards as `plain` does. */
function startingSlowly(
  slowStart: SlowStart | undefined,
  hosts: readonly Host[],
  weightOf: (host: Host) => number,
  { random, now }: PolicyContext,
  plain: () => ChooseHost,
): ChooseHost {
  if (!slowStart) return plain();
  const endsAt = slowStartEnd(slowStart, hosts);
  if (now() >= endsAt) return plain();
  const slow = byWeight(hosts, (host) => weightOf(host) * slowStartFactor(slowStart, host, now()), random);
  let whole: ChooseHost | undefined;
  return (hash, attempt) => {
    if (!whole && now() < endsAt) return slow(hash, attempt);
    return (whole ??= plain())(hash, attempt);
  };
}

/** Power of n choices. A host may be drawn twice, as in Envoy: with two hosts the busier one is not starved. */
function leastBusyOf(hosts: readonly Host[], choiceCount: number, random: Random): ChooseHost {
  return () => {
    let best = hosts[randomInt(random, hosts.length)] as Host;
    for (let drawn = 1; drawn < choiceCount; drawn += 1) {
      const other = hosts[randomInt(random, hosts.length)] as Host;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  };
}

function hostWeight(host: Host): number {
  return host.weight;
}

function leastRequestWeight(activeRequestBias: number): (host: Host) => number {
  if (activeRequestBias === 1) return (host) => host.weight / (host.activeRequests + 1);
  return (host) => host.weight / (host.activeRequests + 1) ** activeRequestBias;
}

function atRandom(hosts: readonly Host[], random: Random): ChooseHost {
  return () => hosts[randomInt(random, hosts.length)] as Host;
}

function atWeightedRandom(hosts: readonly Host[], random: Random): ChooseHost {
  const totals: number[] = [];
  let total = 0;
  for (const host of hosts) totals.push((total += host.weight));
  return () => {
    const drawn = random.next() * total;
    let low = 0;
    let high = totals.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((totals[middle] as number) > drawn) high = middle;
      else low = middle + 1;
    }
    return hosts[low] as Host;
  };
}

function haveEqualWeights(hosts: readonly Host[]): boolean {
  return hosts.every((host) => host.weight === hosts[0]?.weight);
}
