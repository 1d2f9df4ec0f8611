/** What changed between two states of an object, and all that an object says, as sets of places. */
import type { Json } from '../json.ts';
import { equalJson, isObject } from '../json.ts';
import { anything, type SchemaNode } from '../schema/schema-node.ts';
import { FieldSet } from './field-set.ts';
import { isAtomicList, itemsByStep } from './list-items.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Both values must be objects or absent at the root. */
export function compareObjects(before: Json | undefined, after: Json | undefined, schema: SchemaNode): Comparison {
  const comparison: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareChildren(before, after, schema, comparison, 0);
  return comparison;
}

/** The places an applied configuration claims: its leaves, its list items, its empty containers. */
export function fieldsOf(value: Json, schema: SchemaNode): FieldSet {
  const set = new FieldSet();
  collect(value, schema, set);
  return set;
}

function compareAt(
  step: string,
  before: Json | undefined,
  after: Json | undefined,
  schema: SchemaNode,
  into: Comparison,
  depth: number,
): void {
  if (!isGranular(before, after, schema)) {
    if (equalJson(before, after)) return;
    if (before === undefined) into.added.members.add(step);
    else if (after === undefined) into.removed.members.add(step);
    else into.modified.members.add(step);
    return;
  }
  const within: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareChildren(before, after, schema, within, depth + 1);
  into.added.attach(step, within.added);
  into.modified.attach(step, within.modified);
  into.removed.attach(step, within.removed);
  if (before === undefined && isOwnPlace(step, after, schema, depth)) into.added.members.add(step);
  if (after === undefined) into.removed.members.add(step);
}

/**
 * A container that came into being belongs to who made it. The top-level structs of built-in kinds (`spec`,
 * `status`) always exist in their typed form, so nobody makes them, unless they are empty.
 */
function isOwnPlace(step: string, value: Json | undefined, schema: SchemaNode, depth: number): boolean {
  const isStruct = schema.isBuiltin && schema.fields.length > 0 && !step.startsWith('k:');
  const isEmpty = isObject(value) && Object.keys(value).length === 0;
  return !(isStruct && depth === 0) || isEmpty;
}

function compareChildren(
  before: Json | undefined,
  after: Json | undefined,
  schema: SchemaNode,
  into: Comparison,
  depth: number,
): void {
  if (Array.isArray(before) || Array.isArray(after)) {
    const old = itemsByStep(Array.isArray(before) ? before : [], schema);
    const next = itemsByStep(Array.isArray(after) ? after : [], schema);
    for (const step of new Set([...old.keys(), ...next.keys()])) {
      compareAt(step, old.get(step), next.get(step), schema.items, into, depth);
    }
    return;
  }
  const old = isObject(before) ? before : {};
  const next = isObject(after) ? after : {};
  for (const name of Object.keys(old)) {
    compareAt(`f:${name}`, old[name], next[name], schema.child(name) ?? anything(), into, depth);
  }
  for (const name of Object.keys(next)) {
    if (Object.hasOwn(old, name)) continue;
    compareAt(`f:${name}`, undefined, next[name], schema.child(name) ?? anything(), into, depth);
  }
}

/** Both sides that are there have the same merging shape. */
function isGranular(before: Json | undefined, after: Json | undefined, schema: SchemaNode): boolean {
  // A null is an empty container that was there all the time.
  const sides = [before, after].filter((side) => side !== undefined && side !== null);
  if (sides.length === 0) return false;
  if (sides.every((side) => Array.isArray(side))) return !isAtomicList(schema);
  return sides.every((side) => isObject(side)) && !schema.isAtomicMap;
}

function collect(value: Json, schema: SchemaNode, into: FieldSet): void {
  if (Array.isArray(value)) {
    for (const [step, item] of itemsByStep(value, schema)) {
      // An item is claimed as such: giving it up must take the whole item away.
      into.members.add(step);
      if (isObject(item)) {
        const child = new FieldSet();
        collect(item, schema.items, child);
        into.attach(step, child);
      }
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [name, field] of Object.entries(value)) {
    const step = `f:${name}`;
    const fieldSchema = schema.child(name) ?? anything();
    if (!isGranular(undefined, field, fieldSchema) || isBare(field)) {
      into.members.add(step);
      continue;
    }
    const child = new FieldSet();
    collect(field, fieldSchema, child);
    into.attach(step, child);
    // A key that no schema names is somebody's, whatever is beneath it: without him it would not be there.
    if (!schema.names(name)) into.members.add(step);
  }
}

function isBare(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return !isObject(value) || Object.keys(value).length === 0;
}
