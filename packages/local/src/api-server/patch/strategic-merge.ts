/**
 * Strategic merge patch, for built-in kinds: as a merge patch, but lists whose items have a key merge item
 * by item, and directives (`$patch`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`, `$retainKeys`) say
 * what a merge cannot (kubernetes/community, `strategic-merge-patch.md`).
 */
import type { Json, JsonObject } from '../json.ts';
import { equalJson, isObject, setKey } from '../json.ts';
import { anything, type SchemaNode } from '../schema/schema-node.ts';
import { badRequest } from '../status-error.ts';

const DELETE_PREFIX = '$deleteFromPrimitiveList/';
const ORDER_PREFIX = '$setElementOrder/';

/** The patched copy; unchanged parts are shared. @throws StatusError 400 on directives that make no sense */
export function applyStrategicMerge(document: JsonObject, patch: JsonObject, schema: SchemaNode): JsonObject {
  return mergeObject(document, patch, schema);
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: SchemaNode): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  const merged: JsonObject = { ...target };
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) {
      delete merged[key];
      continue;
    }
    const child = schema.child(key) ?? anything();
    setKey(merged, key, mergeValue(merged[key], value, child, patch, key));
  }
  for (const key of Object.keys(patch)) applyListDirective(merged, key, patch, schema);
  return merged;
}

function mergeValue(target: Json | undefined, value: Json, schema: SchemaNode, patch: JsonObject, key: string): Json {
  if (isObject(value)) {
    if (schema.hasPatchStrategy('replace')) return withoutDirectives(value);
    return mergeObject(isObject(target) ? target : {}, value, schema);
  }
  if (!Array.isArray(value)) return value;
  const current = Array.isArray(target) ? target : [];
  if (!schema.hasPatchStrategy('merge')) return value.map((item) => (isObject(item) ? withoutDirectives(item) : item));
  const order = patch[`${ORDER_PREFIX}${key}`];
  return mergeList(current, value, schema, Array.isArray(order) ? order : undefined);
}

function mergeList(current: readonly Json[], patch: readonly Json[], schema: SchemaNode, order: readonly Json[] | undefined): Json[] {
  const key = schema.patchMergeKey;
  if (key === undefined) {
    const merged = [...current, ...patch.filter((item) => !current.some((one) => equalJson(one, item)))];
    return order ? sortByOrder(merged, order, (item) => item) : merged;
  }
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return patch.filter((item) => !(isObject(item) && item['$patch'] === 'replace'));
  }
  const merged = [...current];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`a patch of a list with merge key ${key} must consist of objects`);
    const keyValue = item[key];
    if (keyValue === undefined) throw badRequest(`map: does not contain declared merge key: ${key}`);
    const at = merged.findIndex((one) => isObject(one) && equalJson(one[key], keyValue));
    if (item['$patch'] === 'delete') {
      if (at >= 0) merged.splice(at, 1);
    } else if (at < 0) merged.push(mergeObject({}, item, schema.items));
    else merged[at] = mergeObject(merged[at] as JsonObject, item, schema.items);
  }
  return order ? sortByOrder(merged, order, (item) => (isObject(item) ? item[key] : undefined)) : merged;
}

/** Directives that stand beside the list they are about, and may come without it. */
function applyListDirective(merged: JsonObject, key: string, patch: JsonObject, schema: SchemaNode): void {
  const directive = patch[key];
  if (key.startsWith(DELETE_PREFIX) && Array.isArray(directive)) {
    const field = key.slice(DELETE_PREFIX.length);
    const list = merged[field];
    if (Array.isArray(list)) merged[field] = list.filter((item) => !directive.some((one) => equalJson(one, item)));
  }
  if (key.startsWith(ORDER_PREFIX) && Array.isArray(directive)) {
    const field = key.slice(ORDER_PREFIX.length);
    const list = merged[field];
    if (!Array.isArray(list) || patch[field] !== undefined) return;
    const mergeKey = schema.child(field)?.patchMergeKey;
    merged[field] = sortByOrder(list, directive, (item) => (mergeKey !== undefined && isObject(item) ? item[mergeKey] : item));
  }
}

/** Items named by the order stand in it; the others keep their place before the one they stood before. */
function sortByOrder(list: readonly Json[], order: readonly Json[], identify: (item: Json) => Json | undefined): Json[] {
  // The order lists whole items for primitives, and objects with only the merge key otherwise.
  const rank = (item: Json): number =>
    order.findIndex((one) => equalJson(one, identify(item)) || (isObject(one) && Object.values(one).some((value) => equalJson(value, identify(item)))));
  const ranked = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const result: Json[] = [];
  let next = 0;
  for (const item of list) {
    if (rank(item) < 0) result.push(item);
    else result.push(ranked[next++] as Json);
  }
  return result;
}

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));
}
