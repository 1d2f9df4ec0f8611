/** Looks into parts of an object that its schema leaves open: they may hold anything. */
import { disallowed, type FieldProblem } from './field-problem.ts';

export type Members = Readonly<Record<string, unknown>>;

/** Nothing where `value` is no object. */
export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

/** Nothing where `value` is no list. */
export function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A problem for each member that is there and not among `allowed`. */
export function onlyMembers(value: unknown, allowed: ReadonlySet<string>): FieldProblem[] {
  return Object.entries(membersOf(value)).flatMap(([name, inner]) => (allowed.has(name) || inner === null ? [] : [disallowed(name)]));
}
