/**
 * Builds the picker of one host set: which pool (priority and health), then which host of it. A request may name
 * its host, or bring those that have failed it before.
 */
import type { Random } from '@sluice/kernel';
import type { Host } from './host.ts';
import type { HostSet } from './host-set.ts';
import type { Picker, PickContext, PickResult } from './pick.ts';
import { createPolicy, type ChooseHost, type PolicySpec } from './policies.ts';
import { shareLoad, type PriorityLoadOptions } from './priority-load.ts';

export interface PickerOptions extends PriorityLoadOptions {
  readonly random: Random;
}

const noHosts: PickResult = { kind: 'unavailable', reason: 'no-hosts' };
const noHealthyHosts: PickResult = { kind: 'unavailable', reason: 'no-healthy-hosts' };
const overrideUnknown: PickResult = { kind: 'unavailable', reason: 'override-host-unknown' };

export function createPicker(set: HostSet, spec: PolicySpec, options: PickerOptions): Picker {
  const pools = shareLoad(set, options);
  const isPanicking = pools.some((pool) => pool.isPanicking);
  const nobody = set.hosts.length === 0 ? noHosts : noHealthyHosts;
  const choices = pools.map((pool) => createPolicy(spec, pool.hosts, options.random));
  const percents = pools.map((pool) => pool.percent);
  const choose = choices.length > 1 ? choosePool(choices, percents, options.random) : choices[0];

  return {
    isPanicking,
    pick(context) {
      if (context.overrideHost !== undefined) return set.byKey.get(context.overrideHost)?.pick() ?? overrideUnknown;
      if (choose === undefined) return nobody;
      const host = context.previousHosts === undefined ? choose() : chooseAnother(choose, context);
      return host.pick();
    },
  };
}

/** Draws a pool by its percentage each time. */
function choosePool(choices: readonly ChooseHost[], percents: readonly number[], random: Random): ChooseHost {
  return () => {
    let drawn = random.next() * 100;
    for (let index = 0; index < choices.length - 1; index += 1) {
      drawn -= percents[index] as number;
      if (drawn < 0) return (choices[index] as ChooseHost)();
    }
    return (choices[choices.length - 1] as ChooseHost)();
  };
}

/** Chooses again while the choice has failed this request before; when the tries are used up, the last choice stands. */
function chooseAnother(choose: ChooseHost, { previousHosts, hostSelectionTriesMax = 1 }: PickContext): Host {
  let host = choose();
  for (let tries = 0; tries < hostSelectionTriesMax && previousHosts?.has(host.key); tries += 1) host = choose();
  return host;
}
