/** JSON Merge Patch (RFC 7386). */
import type { Json, JsonObject } from '../json.ts';
import { isObject, setKey } from '../json.ts';

/** The patched copy: objects merge, null removes, everything else replaces. Unchanged parts are shared, not copied. */
export function applyMergePatch(document: JsonObject, patch: JsonObject): JsonObject {
  return merge(document, patch) as JsonObject;
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else setKey(merged, key, merge(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}
