/** Merging an applied configuration into an object, and taking away what its owner no longer applies. */
import type { Json, JsonObject } from '../json.ts';
import { isObject, setKey } from '../json.ts';
import { anything, type SchemaNode } from '../schema/schema-node.ts';
import { FieldSet } from './field-set.ts';
import { isAtomicList, itemStep } from './list-items.ts';

/** The live object with everything the configuration says. Neither is changed; unchanged parts are shared. */
export function mergeConfiguration(live: Json | undefined, applied: Json, schema: SchemaNode): Json {
  if (Array.isArray(applied)) {
    return Array.isArray(live) && !isAtomicList(schema) ? mergeList(live, applied, schema) : applied;
  }
  if (!isObject(applied) || schema.isAtomicMap) return applied;
  const merged: JsonObject = isObject(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(applied)) {
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined;
    setKey(merged, name, mergeConfiguration(before, value, schema.child(name) ?? anything()));
  }
  return merged;
}

/** Items keep the order of the configuration; those it does not name stay before the item they stood before. */
function mergeList(live: readonly Json[], applied: readonly Json[], schema: SchemaNode): Json[] {
  const liveByStep = new Map(live.map((item) => [itemStep(item, schema), item] as const));
  const named = new Set(applied.map((item) => itemStep(item, schema)));
  const merged: Json[] = [];
  let next = 0;
  const emit = (item: Json): void => {
    merged.push(mergeConfiguration(liveByStep.get(itemStep(item, schema)), item, schema.items));
    next += 1;
  };
  const emitted = new Set<string | undefined>();
  for (const item of live) {
    const step = itemStep(item, schema);
    if (!named.has(step)) {
      merged.push(item);
      continue;
    }
    if (emitted.has(step)) continue;
    for (;;) {
      const following = applied[next];
      if (following === undefined) break;
      const followingStep = itemStep(following, schema);
      emit(following);
      emitted.add(followingStep);
      if (followingStep === step) break;
    }
  }
  while (next < applied.length) emit(applied[next] as Json);
  return merged;
}

/**
 * Removes from `value`, in copies, what `given` lists and nobody in `owned` still claims. `owned` covers
 * all managers, the one who applies with its new configuration included.
 */
export function pruneGivenUp(value: Json, given: FieldSet, owned: FieldSet, schema: SchemaNode): Json {
  if (Array.isArray(value)) {
    const kept: Json[] = [];
    for (const item of value) {
      const step = itemStep(item, schema);
      if (step !== undefined && given.members.has(step) && !owned.members.has(step)) continue;
      const beneath = step === undefined ? undefined : given.children.get(step);
      kept.push(beneath ? pruneGivenUp(item, beneath, owned.children.get(step ?? '') ?? new FieldSet(), schema.items) : item);
    }
    return kept;
  }
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    const step = `f:${name}`;
    const beneath = given.children.get(step);
    const isGiven = given.members.has(step) || beneath !== undefined;
    const isOwned = owned.members.has(step) || owned.children.has(step);
    if (isGiven && !isOwned) continue;
    const childSchema = schema.child(name) ?? anything();
    setKey(result, name, beneath ? pruneGivenUp(child, beneath, owned.children.get(step) ?? new FieldSet(), childSchema) : child);
  }
  return result;
}
