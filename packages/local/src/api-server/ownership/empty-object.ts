/**
 * What a typed server holds of a kind before anything is set: the structs and lists that cannot be absent. Nobody is their owner, since
 * nobody made them.
 */
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';

/** Empty for custom kinds. OpenAPI says of such a struct that it is `{}` by default, and of such a list that it is required. */
export function emptyObject(schema: SchemaNode): JsonObject {
  const object: JsonObject = {};
  if (!schema.isBuiltin) return object;
  for (const name of schema.fields) {
    const child = schema.child(name);
    if (!child || name === 'metadata' && schema.fields.includes('apiVersion')) continue;
    const byDefault = child.raw['default'];
    if (isObject(byDefault) && Object.keys(byDefault).length === 0) object[name] = emptyObject(child);
    else if (child.type === 'array' && schema.required.includes(name)) object[name] = [];
  }
  return object;
}
