/** Reading and merging `status.conditions`. */
import type { Condition } from './object.ts';

type Conditions = readonly Condition[] | undefined;

export function findCondition(conditions: Conditions, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: Conditions, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * `next` with the transition times filled in: the old one where the status is as it was, `now` where it
 * changed. Conditions that `next` does not name are dropped.
 */
export function mergeConditions(previous: Conditions, next: readonly Condition[], now: string): Condition[] {
  return next.map((condition) => {
    const before = findCondition(previous, condition.type);
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
    return { ...condition, lastTransitionTime };
  });
}

/** A time as objects carry it: RFC 3339 with whole seconds. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** A time as Leases carry it: with exactly six fractional digits, the only form that servers take. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}
