/** The order in which an object's keys are written, as clients are used to see it. */
import type { Json, JsonObject } from '../json.ts';
import { objectAt, setKey } from '../json.ts';

const METADATA_ORDER = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** A shallow copy with kind and apiVersion first; the keys of custom objects are sorted, which gives the same. */
export function orderObject(object: JsonObject, isCustom: boolean): JsonObject {
  const ordered: JsonObject = isCustom
    ? { apiVersion: object['apiVersion'] as Json, kind: object['kind'] as Json }
    : { kind: object['kind'] as Json, apiVersion: object['apiVersion'] as Json };
  ordered['metadata'] = orderMetadata(objectAt(object, 'metadata'));
  const names = Object.keys(object);
  for (const name of isCustom ? names.sort() : names) {
    if (!Object.hasOwn(ordered, name)) setKey(ordered, name, object[name] as Json);
  }
  return ordered;
}

function orderMetadata(metadata: JsonObject): JsonObject {
  const ordered: JsonObject = {};
  for (const name of METADATA_ORDER) {
    const value = metadata[name];
    if (value !== undefined && !isEmptyContainer(value)) ordered[name] = value;
  }
  return ordered;
}

/** Labels that are all gone leave no empty map behind. */
export function isEmptyContainer(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
