/**
 * From a body to an object that may be kept: read by its schema, checked against the path, completed,
 * validated. Create, update, patch and apply all pass here, so that no door is weaker than another.
 */
import type { JsonObject } from '../json.ts';
import { ensureObject, listAt, objectAt, textAt } from '../json.ts';
import type { WriteOptions } from '../request/write-options.ts';
import { validateMetadata } from '../resources/names.ts';
import { kindSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { decodeObject } from '../schema/decode.ts';
import { badRequest, invalid, type Cause } from '../status-error.ts';
import type { ServerContext } from './context.ts';
import { isEmptyContainer } from './object-order.ts';

export interface Admitted {
  readonly object: JsonObject;
  /** Texts for `Warning` headers. */
  readonly warnings: readonly string[];
}

/** Reads a body. The result is the caller's to change. @throws StatusError 400 */
export function readObject(
  context: ServerContext,
  kind: ResourceKind,
  body: JsonObject,
  options: WriteOptions,
): Admitted {
  const { value, unknown, problem } = decodeObject(body, kind.kind, kind.schema, context.schemas.objectMeta);
  const refusal = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: `;
  if (problem !== undefined) throw badRequest(refusal + problem);
  const fields = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (fields.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(`${refusal}strict decoding error: ${fields.join(', ')}`);
  }
  checkType(value, kind);
  value['metadata'] = withoutEmpty(ensureObject(value, 'metadata'));
  return { object: value, warnings: options.fieldValidation === 'Warn' ? fields : [] };
}

/** Empty labels are the same as none, and must not become somebody's. An empty list of managers is a wish: forget them. */
function withoutEmpty(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter(([key, value]) => key === 'managedFields' || !isEmptyContainer(value)));
}

/** Fills in what the path says, where the object does not. @throws StatusError 400 when they differ */
export function matchPath(object: JsonObject, kind: ResourceKind, namespace: string | undefined, name?: string): void {
  const metadata = ensureObject(object, 'metadata');
  if (kind.namespaced) {
    const stated = textAt(metadata, 'namespace');
    if (stated !== '' && stated !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    metadata['namespace'] = namespace ?? '';
  } else delete metadata['namespace'];
  if (name === undefined) return;
  const stated = textAt(metadata, 'name');
  if (stated === '') metadata['name'] = name;
  else if (stated !== name) {
    throw badRequest(`the name of the object (${stated}) does not match the name on the URL (${name})`);
  }
}

/** Kind and version may be left out where the path says them. */
function checkType(object: JsonObject, kind: ResourceKind): void {
  const apiVersion = textAt(object, 'apiVersion');
  const stated = textAt(object, 'kind');
  if (apiVersion !== '' && apiVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${kind.apiVersion})`,
    );
  }
  if (stated !== '' && stated !== kind.kind) {
    throw badRequest(`${stated} in version "${kind.version}" cannot be handled as a ${kind.kind}: no kind "${stated}" matches the path`);
  }
  object['apiVersion'] = kind.apiVersion;
  object['kind'] = kind.kind;
}

/** @throws StatusError 422 with everything that is wrong */
export function validateObjectOf(kind: ResourceKind, object: JsonObject, previous?: JsonObject): void {
  const metadata = objectAt(object, 'metadata');
  const causes: Cause[] = validateMetadata(metadata, kind.rules.nameRule);
  causes.push(...(kind.rules.validate?.(object) ?? []));
  if (previous) {
    causes.push(...validateFinalizers(metadata, objectAt(previous, 'metadata')));
    causes.push(...(kind.rules.validateUpdate?.(object, previous) ?? []));
  }
  if (causes.length > 0) throw invalid(kindSubject(kind, textAt(metadata, 'name')), causes);
}

/** What is being deleted may lose finalizers but gain none, or it might never go. */
function validateFinalizers(next: JsonObject, previous: JsonObject): Cause[] {
  if (textAt(previous, 'deletionTimestamp') === '') return [];
  const had = listAt(previous, 'finalizers');
  const added = listAt(next, 'finalizers').filter((one) => !had.includes(one));
  if (added.length === 0) return [];
  const list = added.map((one) => JSON.stringify(one)).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [{ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' }];
}
