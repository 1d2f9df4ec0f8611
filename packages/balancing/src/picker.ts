/**
 * Builds the picker of one host set: which pool (priority and health), then which host of it. A request may name
 * its host, or say where it does not want to go again.
 */
import type { Random } from '@sluice/kernel';
import type { EndpointHealth } from './endpoint.ts';
import { remainder } from './hash/hash64.ts';
import type { Host } from './host.ts';
import type { HostSet, PriorityHosts } from './host-set.ts';
import type { Picker, PickContext, PickResult, PreferredHost } from './pick.ts';
import type { ChooseHost, PolicySpec } from './policies.ts';
import { createPoolChoice, type PoolChoiceOptions } from './pool-choice.ts';
import { shareLoad, type PriorityLoadOptions } from './priority-load.ts';

export interface PickerOptions extends PriorityLoadOptions, PoolChoiceOptions {
  /** What the source of a host may say of one that a session stays with. Default: anything that lets it have requests. */
  readonly preferredHealth?: ReadonlySet<EndpointHealth> | undefined;
}

const noHosts: PickResult = { kind: 'unavailable', reason: 'no-hosts' };
const noHealthyHosts: PickResult = { kind: 'unavailable', reason: 'no-healthy-hosts' };
const overrideUnknown: PickResult = { kind: 'unavailable', reason: 'override-host-unknown' };

export function createPicker(set: HostSet, spec: PolicySpec, options: PickerOptions): Picker {
  const pools = shareLoad(set, options);
  const isPanicking = pools.some((pool) => pool.isPanicking);
  const nobody = set.hosts.length === 0 ? noHosts : noHealthyHosts;
  const choices = pools.map((pool) => createPoolChoice(pool, spec, options));
  const percents = pools.map((pool) => pool.percent);
  const choose = choices.length > 1 ? choosePool(choices, percents, options.random) : choices[0];

  /** For requests that have used up some priorities, by which; made by the first of them. */
  const others = new Map<string, Picker>();

  return {
    isPanicking,
    pick(context) {
      const { excludedPriorities } = context;
      if (excludedPriorities !== undefined && excludedPriorities.size > 0) return pickElsewhere(excludedPriorities, context);
      if (context.overrideHost !== undefined) return set.byKey.get(context.overrideHost)?.pick() ?? overrideUnknown;
      if (context.preferredHost !== undefined) {
        const preferred = pickPreferred(context.preferredHost, context);
        if (preferred) return preferred;
      }
      if (choose === undefined) return nobody;
      const host = context.avoids === undefined ? choose(context.hash, 0) : chooseAnother(choose, context);
      return host === undefined ? nobody : host.pick();
    },
  };

  /** Undefined where another host may be chosen. One that has failed this request before is not chosen again. */
  function pickPreferred({ address, isStrict }: PreferredHost, { avoids }: PickContext): PickResult | undefined {
    const host = set.byKey.get(address);
    if (host && mayStay(host, options.preferredHealth) && (isStrict || !avoids?.(host))) return host.pick();
    return isStrict ? overrideUnknown : undefined;
  }

  function pickElsewhere(excluded: ReadonlySet<number>, context: PickContext): PickResult {
    const key = [...excluded].sort((a, b) => a - b).join();
    let picker = others.get(key);
    if (!picker) others.set(key, (picker = createPicker(withoutPriorities(set, excluded), spec, options)));
    return picker.pick({ ...context, excludedPriorities: undefined });
  }
}

/** Whether a session may stay with its host: nothing observed here speaks against it, and what its source says will do. */
function mayStay(host: Host, preferredHealth: ReadonlySet<EndpointHealth> | undefined): boolean {
  if (preferredHealth === undefined) return host.health !== 'unhealthy';
  return !host.has('failed_active_hc') && !host.has('failed_outlier_check') && preferredHealth.has(host.endpoint.health);
}

/** The hosts of the other priorities; all, when there are no others. */
function withoutPriorities(set: HostSet, excluded: ReadonlySet<number>): HostSet {
  const priorities = set.priorities.map((priority, index) => (excluded.has(index) ? { ...priority, ...noPriority } : priority));
  return priorities.some(({ all }) => all.length > 0) ? { ...set, priorities } : set;
}

const noPriority: Pick<PriorityHosts, 'all' | 'healthy' | 'degraded' | 'excludedCount'> = { all: [], healthy: [], degraded: [], excludedCount: 0 };

/** A pool by its percentage: drawn each time, or the one that the request's hash says, so that it stays with it. */
function choosePool(choices: readonly ChooseHost[], percents: readonly number[], random: Random): ChooseHost {
  return (hash, attempt) => {
    let drawn = hash === undefined ? random.next() * 100 : remainder(hash, 100);
    for (let index = 0; index < choices.length - 1; index += 1) {
      drawn -= percents[index] as number;
      if (drawn < 0) return (choices[index] as ChooseHost)(hash, attempt);
    }
    return (choices[choices.length - 1] as ChooseHost)(hash, attempt);
  };
}

/**
 * Chooses again while the choice is one to avoid. When the tries are used up the last choice stands, unless that is the host that
 * has just failed and another was offered: with two hosts in turn every try would come to the same one.
 */
function chooseAnother(choose: ChooseHost, { hash, avoids, lastTried, hostSelectionTriesMax = 1 }: PickContext): Host | undefined {
  let host = choose(hash, 0);
  let rather: Host | undefined;
  for (let tries = 1; tries <= hostSelectionTriesMax && host !== undefined && avoids?.(host) === true; tries += 1) {
    if (host.key !== lastTried) rather = host;
    host = choose(hash, tries);
  }
  return host !== undefined && host.key === lastTried ? (rather ?? host) : host;
}
