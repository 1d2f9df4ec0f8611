/**
 * Makes a custom object whole: nulls that the schema gives no leave for count as absent, as `env:` with nothing after
 * it in a YAML file does, and fields that are absent get the defaults that the schema states.
 */
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
    if (!child) continue;
    if (value[name] === null && !child.isNullable) delete value[name];
    const fallback = child.raw['default'];
    if (fallback !== undefined && !Object.hasOwn(value, name)) value[name] = cloneJson(fallback);
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.child(name);
    if (childSchema) applyDefaults(child, childSchema);
  }
}
