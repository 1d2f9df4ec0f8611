/**
 * Conditions of a living object, one of which, `Ready`, follows from others: False as soon as one of them
 * is, True when all are, else Unknown, with the reason of whichever decided it.
 * https://github.com/knative/pkg/blob/main/apis/condition_set.go
 */
import type { Condition } from '../api/object.ts';

/** What is known of one condition. */
export interface Mark {
  readonly status: Condition['status'];
  readonly reason?: string;
  readonly message?: string;
}

export const isTrue: Mark = { status: 'True' };

export function isFalse(reason: string, message: string): Mark {
  return { status: 'False', reason, message };
}

export function isUnknown(reason = '', message = ''): Mark {
  return { status: 'Unknown', reason, message };
}

export interface ConditionsInput {
  /** The conditions that `Ready` follows from, in the order in which they speak for it. One without a mark is Unknown. */
  readonly dependents: readonly string[];
  readonly marks: Readonly<Record<string, Mark | undefined>>;
  /** The object's conditions so far: times stay where the status stays. */
  readonly previous: readonly Condition[] | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** All conditions with `Ready`, in alphabetical order. Marks beyond the dependents are informational. */
export function livingConditions({ dependents, marks, previous, now }: ConditionsInput): Condition[] {
  const all = new Map<string, Mark>();
  for (const type of dependents) all.set(type, marks[type] ?? isUnknown());
  for (const [type, mark] of Object.entries(marks)) if (mark && !all.has(type)) all.set(type, mark);
  const deciding = dependents.map((type) => all.get(type) ?? isUnknown());
  const unhappy =
    deciding.find(({ status }) => status === 'False') ?? deciding.find(({ status }) => status === 'Unknown');
  if (dependents.length > 0) all.set('Ready', unhappy ?? isTrue);
  return [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, mark]) =>
      toCondition(type, mark, { previous, now, isGating: type === 'Ready' || dependents.includes(type) }),
    );
}

export function conditionOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** A condition as a mark, so that a parent can show what its child says. */
export function markOf(condition: Condition | undefined): Mark | undefined {
  if (!condition) return undefined;
  const { status, reason, message } = condition;
  return { status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}

/** What was said before, for a status that changes one thing and leaves the others as they are. */
export function previousMarks(conditions: readonly Condition[] | undefined): Record<string, Mark | undefined> {
  const said = (conditions ?? []).filter(({ type }) => type !== 'Ready');
  return Object.fromEntries(said.map((condition) => [condition.type, markOf(condition)]));
}

/** An object's own `Ready` as of its present spec: what it says of an older one counts as Unknown. */
export function readiness(object: {
  readonly metadata: { readonly generation?: number };
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}): { readonly isCurrent: boolean; readonly ready: Condition | undefined } {
  const isCurrent = object.status?.observedGeneration === object.metadata.generation;
  return { isCurrent, ready: conditionOf(object.status?.conditions, 'Ready') };
}

function toCondition(
  type: string,
  mark: Mark,
  context: { readonly previous: readonly Condition[] | undefined; readonly now: string; readonly isGating: boolean },
): Condition {
  const before = conditionOf(context.previous, type);
  const lastTransitionTime = before?.status === mark.status ? (before.lastTransitionTime ?? context.now) : context.now;
  return {
    type,
    status: mark.status,
    ...(mark.reason ? { reason: mark.reason } : {}),
    ...(mark.message ? { message: mark.message } : {}),
    lastTransitionTime,
    ...(context.isGating ? {} : { severity: 'Info' as const }),
  };
}
