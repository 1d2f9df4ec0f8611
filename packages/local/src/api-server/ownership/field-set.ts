/**
 * A set of places in an object, as a tree. Steps are written as in `managedFields`: `f:name` for a field,
 * `k:{"name":"x"}` for the list item with those keys, `v:"x"` for a value of a set.
 */
import type { JsonObject } from '../json.ts';
import { isObject, setKey } from '../json.ts';

export class FieldSet {
  /** Steps whose place belongs to the set. */
  readonly members = new Set<string>();
  /** What of the set lies beneath a step; never empty sets. */
  readonly children = new Map<string, FieldSet>();

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  /** The subset beneath a step, made if need be: only for building, as it may be left empty. */
  under(step: string): FieldSet {
    let child = this.children.get(step);
    if (!child) {
      child = new FieldSet();
      this.children.set(step, child);
    }
    return child;
  }

  /** Hangs a subset beneath a step, unless it is empty. */
  attach(step: string, child: FieldSet): void {
    if (!child.isEmpty) this.children.set(step, child);
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const set of [this, other]) {
      for (const step of set.members) result.members.add(step);
      for (const [step, child] of set.children) {
        const have = result.children.get(step);
        result.children.set(step, have ? have.union(child) : child);
      }
    }
    return result;
  }

  /** What is here and not there, place by place. */
  difference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const step of this.members) if (!other.members.has(step)) result.members.add(step);
    for (const [step, child] of this.children) {
      const taken = other.children.get(step);
      result.attach(step, taken ? child.difference(taken) : child);
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const step of this.members) if (other.members.has(step)) result.members.add(step);
    for (const [step, child] of this.children) {
      const shared = other.children.get(step);
      if (shared) result.attach(step, child.intersection(shared));
    }
    return result;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** Every place as people write it: `.spec.containers[name="c"].image`. */
  paths(prefix = ''): string[] {
    const found: string[] = [];
    for (const step of this.members) found.push(prefix + formatStep(step));
    for (const [step, child] of this.children) found.push(...child.paths(prefix + formatStep(step)));
    return found.sort();
  }

  /** The form of `fieldsV1`: steps sorted, `.` for a place that also has others beneath it. */
  toJson(): JsonObject {
    const result: JsonObject = {};
    const steps = new Set([...this.members, ...this.children.keys()]);
    for (const step of [...steps].sort()) {
      const child = this.children.get(step);
      if (!child) setKey(result, step, {});
      else setKey(result, step, this.members.has(step) ? { '.': {}, ...child.toJson() } : child.toJson());
    }
    return result;
  }

  static fromJson(json: JsonObject): FieldSet {
    const result = new FieldSet();
    for (const [step, value] of Object.entries(json)) {
      if (step === '.' || !isObject(value)) continue;
      if (Object.keys(value).length === 0 || Object.hasOwn(value, '.')) result.members.add(step);
      result.attach(step, FieldSet.fromJson(value));
    }
    return result;
  }
}

function formatStep(step: string): string {
  const body = step.slice(2);
  switch (step[0]) {
    case 'k': {
      const keys = JSON.parse(body) as JsonObject;
      return `[${Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${body}]`;
    default:
      return `.${body}`;
  }
}
