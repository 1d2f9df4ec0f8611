/** How a host of one pool is chosen: by the policy, and before that by locality where localities have weights. */
import type { Hash64 } from './hash/hash64.ts';
import { createHashPolicy, randomHash } from './hash/hash-policies.ts';
import type { Host } from './host.ts';
import { effectiveWeight, localitiesOf } from './locality.ts';
import { createPolicy, type ChooseHost, type PolicyContext, type PolicySpec, type TurnPolicySpec } from './policies.ts';
import type { HostPool } from './priority-load.ts';
import { WeightedSchedule } from './weighted-schedule.ts';
import { chooseByZone, type ZoneRouting } from './zone-routing.ts';

export interface PoolChoiceOptions extends PolicyContext {
  readonly overprovisioningPercent: number;
  /** Whether a locality is chosen by its weight before a host is. */
  readonly weightsLocalities: boolean;
  /** Requests stay in the zone of the proxy. Undefined: zones do not count. */
  readonly zones?: ZoneRouting | undefined;
  /** In panic nobody is chosen, in place of anybody. */
  readonly failsInPanic: boolean;
  /** Told of each choice that a pool in panic makes. */
  readonly onPanic: () => void;
}

export function createPoolChoice(pool: HostPool, spec: PolicySpec, options: PoolChoiceOptions): ChooseHost {
  if (!pool.isPanicking) return createChoice(pool, spec, options);
  const { onPanic } = options;
  const choose: ChooseHost = options.failsInPanic ? () => undefined : createChoice(pool, spec, options);
  return (hash, attempt) => {
    if (attempt === 0) onPanic();
    return choose(hash, attempt);
  };
}

function createChoice(pool: HostPool, spec: PolicySpec, options: PoolChoiceOptions): ChooseHost {
  switch (spec.kind) {
    case 'ring-hash':
    case 'maglev': {
      const { random } = options;
      const choose = createHashPolicy(spec, pool, options.weightsLocalities);
      return (hash: Hash64 | undefined, attempt) => choose(hash ?? randomHash(random), attempt);
    }
    default: {
      if (options.weightsLocalities && !pool.isPanicking) return chooseByLocality(pool, spec, options);
      const createOver = (hosts: readonly Host[]): ChooseHost => createPolicy(spec, hosts, options);
      const byZone = options.zones && chooseByZone(pool, options.zones, options.random, createOver);
      return byZone ?? createOver(pool.hosts);
    }
  }
}

/** Localities in turn by what they are worth, then the policy within. When none has a weight, all hosts are one. */
function chooseByLocality(pool: HostPool, spec: TurnPolicySpec, options: PoolChoiceOptions): ChooseHost {
  const localities = localitiesOf(pool)
    .filter(({ hosts }) => hosts.length > 0)
    .map((locality) => ({
      weight: effectiveWeight(locality, options.overprovisioningPercent),
      choose: createPolicy(spec, locality.hosts, options),
    }));
  if (localities.length === 0) return createPolicy(spec, pool.hosts, options);
  if (localities.length === 1) return (localities[0] as (typeof localities)[number]).choose;
  const schedule = new WeightedSchedule(localities, ({ weight }) => weight, options.random.next());
  return (hash, attempt) => schedule.next()?.choose(hash, attempt);
}
