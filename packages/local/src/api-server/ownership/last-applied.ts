/**
 * What `kubectl apply` had written before somebody chose `--server-side`: those fields are not disputed by the same kubectl. The server
 * finds them in the annotation that the older way leaves behind (apiserver's `lastAppliedManager`).
 */
import type { JsonObject } from '../json.ts';
import { isObject, objectAt, sortKeys, textAt } from '../json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { compareObjects, fieldsOf } from './compare.ts';
import { FieldSet } from './field-set.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** Only this manager inherits; whoever does not want that names himself otherwise. */
export const HEIR = 'kubectl';

/** Keeps the annotation true where there is one, for a kubectl that applies in the older way again. */
export function carryOn(live: JsonObject, applied: JsonObject, metadata: JsonObject): void {
  const annotations = objectAt(objectAt(live, 'metadata'), 'annotations');
  if (annotations[ANNOTATION] === undefined) return;
  const { [ANNOTATION]: _old, ...others } = objectAt(objectAt(applied, 'metadata'), 'annotations');
  const { annotations: _all, ...rest } = objectAt(applied, 'metadata');
  const said = { ...applied, metadata: Object.keys(others).length > 0 ? { ...rest, annotations: others } : rest };
  metadata['annotations'] = { ...objectAt(metadata, 'annotations'), [ANNOTATION]: `${JSON.stringify(sortKeys(said))}\n` };
}

/**
 * The fields that were last applied and are still so.
 * @param managedPart an object without what nobody manages
 */
export function lastAppliedFields(live: JsonObject, schema: SchemaNode, managedPart: (object: JsonObject) => JsonObject): FieldSet {
  const text = textAt(objectAt(objectAt(live, 'metadata'), 'annotations'), ANNOTATION);
  if (text === '') return new FieldSet();
  let applied: unknown;
  try {
    applied = JSON.parse(text);
  } catch {
    return new FieldSet();
  }
  if (!isObject(applied)) return new FieldSet();
  const said = managedPart(applied);
  const { added, modified, removed } = compareObjects(said, managedPart(live), schema);
  return fieldsOf(said, schema).difference(added).difference(modified).difference(removed);
}
