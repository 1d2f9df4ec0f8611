/** How the items of a list are told apart when they merge one by one. */
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';

/** True when the list has one owner as a whole. */
export function isAtomicList(schema: SchemaNode): boolean {
  return schema.listKind === 'atomic';
}

/**
 * The step of a list item: its keys, or its value in a set. Undefined for an item that lacks what tells it
 * apart; such items are nobody's in particular.
 */
export function itemStep(item: Json, schema: SchemaNode): string | undefined {
  if (schema.listKind === 'set') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const keys: JsonObject = {};
  for (const key of [...schema.listKeys].sort()) {
    // A key field with a default may be left out: `protocol` of a port.
    const value = item[key] ?? schema.items.child(key)?.raw['default'];
    if (value !== undefined && value !== null) keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/** The items by their step, in the order of the list; of equal ones, the first. */
export function itemsByStep(list: readonly Json[], schema: SchemaNode): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const item of list) {
    const step = itemStep(item, schema);
    if (step !== undefined && !found.has(step)) found.set(step, item);
  }
  return found;
}
