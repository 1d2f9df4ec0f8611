/** What the owner of a service does to it while it is in use. */
import type { Random } from '@sluice/kernel';
import { between, chance, pick } from './draw.ts';
import type { ServicePlan } from './service-plan.ts';

/**
 * `revision`: the template changes; traffic follows the newest unless it is pinned. `split`: so many percent to
 * the newest revision, the rest to the one before. `tag`: the newest gets an address of its own, to which so
 * many requests are sent as soon as it is ready. `recreate`: the service is deleted and, once it is gone, made again.
 */
export type Change =
  | { readonly kind: 'revision'; readonly pinned: boolean }
  | { readonly kind: 'split'; readonly newestPercent: number }
  | { readonly kind: 'tag'; readonly tag: string; readonly requests: number }
  | { readonly kind: 'recreate' };

export interface ChangePlan {
  readonly atMs: number;
  readonly service: string;
  readonly change: Change;
}

/** A story per service, or none: its steps come with pauses in which requests meet each state in between. */
export function planChanges(random: Random, service: ServicePlan, horizonMs: number): ChangePlan[] {
  if (chance(random, 0.4)) return [];
  const stories: readonly [readonly Change[], ...(readonly Change[])[]] = [
    [{ kind: 'revision', pinned: false }],
    [
      { kind: 'revision', pinned: true },
      { kind: 'split', newestPercent: 10 },
      { kind: 'split', newestPercent: 100 },
    ],
    [{ kind: 'tag', tag: 'try', requests: 5 }],
    [{ kind: 'revision', pinned: false }, { kind: 'tag', tag: 'try', requests: 5 }, { kind: 'revision', pinned: false }],
    [{ kind: 'recreate' }],
  ];
  let atMs = between(random, 2000, Math.max(3000, horizonMs - 30_000));
  return pick(random, stories).map((change) => {
    const plan = { atMs, service: service.name, change };
    atMs += between(random, 4000, 15_000);
    return plan;
  });
}
