/** Fills in the defaults that a custom kind's schema states, where the field is absent or null without leave. */
import { cloneJson, isObject, type Json } from '../json.ts';
import type { SchemaNode } from './schema-node.ts';

/**
 * Changes `value` in place. A default is only looked for inside objects that are there. Defaults in the
 * schemas of built-in types are not meant: they state the zero values of a typed language.
 */
export function applyDefaults(value: Json | undefined, schema: SchemaNode): void {
  if (schema.isBuiltin) return;
  if (Array.isArray(value)) {
    const items = schema.items;
    for (const item of value) applyDefaults(item, items);
    return;
  }
  if (!isObject(value)) return;
  for (const name of schema.fields) {
    const child = schema.child(name);
    const fallback = child?.raw['default'];
    if (!child || fallback === undefined) continue;
    const isAbsent = !Object.hasOwn(value, name) || (value[name] === null && !child.isNullable);
    if (isAbsent) value[name] = cloneJson(fallback);
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.child(name);
    if (childSchema) applyDefaults(child, childSchema);
  }
}
