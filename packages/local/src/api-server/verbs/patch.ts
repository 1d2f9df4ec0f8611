/** PATCH in its four forms. */
import { parse as parseYaml } from 'yaml';
import type { Json, JsonObject } from '../json.ts';
import { cloneJson, isObject, listAt, objectAt, textAt } from '../json.ts';
import { applyConfiguration, type ApplyInput } from '../ownership/managed-fields.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicMerge } from '../patch/strategic-merge.ts';
import { parseProblem } from '../request/body.ts';
import { requireFieldManager, type WriteOptions } from '../request/write-options.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { StatusError, badRequest, notFound, unknownPatchType, unsupportedMediaType } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import { matchPath, readObject } from './admit.ts';
import { formatTime, viewOf, type ServerContext } from './context.ts';
import { guardCreation } from '../access/guard-creation.ts';
import { completeNew, createReviewed, keepNew } from './create.ts';
import { reviewOf } from './review.ts';
import { checkVersion, completeNext, keepNext, updateObject, updateReviewed, withManagedFields } from './update.ts';
import type { Written } from './written.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

export interface PatchInput {
  readonly kind: ResourceKind;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The object, if it exists: only an apply may make one. */
  readonly entry: Entry | undefined;
  readonly mediaType: string;
  readonly text: string;
  readonly options: WriteOptions;
  /** Empty for the object itself, or `status`. */
  readonly subresource: string;
}

/** @throws StatusError whatever stands against it */
export async function patchObject(context: ServerContext, input: PatchInput): Promise<Written> {
  const { kind, mediaType } = input;
  checkMediaType(kind, mediaType);
  if (mediaType === APPLY_PATCH) return applyObject(context, input);
  if (!input.entry) throw notFound(resourceSubject(kind, input.name));
  const body = patchDocument(viewOf(input.entry, kind), mediaType, input.text, kind.schema);
  return updateObject(context, { kind, entry: input.entry, body, options: input.options, subresource: input.subresource });
}

/** A document with a patch carried out on it, which may share parts with both: for reading only. Also for what is not an object of the store, such as a Scale. */
export function patchDocument(document: JsonObject, mediaType: string, text: string, schema: SchemaNode): JsonObject {
  const patch = parsePatch(text);
  if (mediaType === JSON_PATCH) return applyJsonPatch(document, patch);
  if (!isObject(patch)) throw badRequest('error decoding patch: the patch must be a JSON object');
  if (mediaType === STRATEGIC_PATCH) return applyStrategicMerge(document, patch, schema);
  return applyMergePatch(document, patch);
}

/** Custom kinds have no strategy to merge by. @throws StatusError 415 */
export function checkMediaType(kind: ResourceKind, mediaType: string): void {
  if (![JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH].includes(mediaType)) throw unknownPatchType();
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(kind.custom ? [] : [STRATEGIC_PATCH]), APPLY_PATCH];
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
}

async function applyObject(context: ServerContext, input: PatchInput): Promise<Written> {
  const { kind, entry, options, subresource, namespace, name } = input;
  requireFieldManager(options);
  const { object: applied, warnings } = readConfiguration(context, input);
  if (!entry && subresource !== '') throw notFound(resourceSubject(kind, input.name));
  if (entry) checkVersion(kind, entry, applied);
  else if (textAt(objectAt(applied, 'metadata'), 'uid') !== '') {
    throw new StatusError(409, 'Conflict', `uid mismatch: the provided object specified uid ${textAt(objectAt(applied, 'metadata'), 'uid')}, and no existing object was found`);
  }
  const apply: ApplyInput = {
    live: entry && viewOf(entry, kind),
    applied: withoutIdentity(applied),
    schema: kind.schema,
    writer: {
      manager: options.fieldManager,
      apiVersion: kind.apiVersion,
      subresource,
      timestamp: formatTime(context.clock.wallTime()),
    },
    force: options.force,
    isWritable: (field) => (subresource === 'status' ? field === 'status' : !(kind.hasStatus && field === 'status')),
  };
  const merged = cloneJson(applyConfiguration(apply));
  if (!entry) guardCreation(context, { kind, object: merged, namespace, options, isApplied: true });
  const review = reviewOf(context, { kind, subresource, operation: entry ? 'UPDATE' : 'CREATE', namespace, name }, options);
  if (review) {
    const written = entry
      ? await updateReviewed(context, { kind, entry, object: completed(kind, merged), options, subresource, review })
      : await createReviewed(context, { kind, object: merged, options, review, warnings });
    return { ...written, warnings: [...warnings, ...review.warnings] };
  }
  if (entry) {
    const next = completeNext(kind, viewOf(entry, kind), merged, subresource);
    return { ...keepNext(context, kind, entry, withManagedFields(next, merged), options), warnings };
  }
  const created = completeNew(context, kind, merged);
  return { ...keepNew(context, kind, created, options), warnings };
}

function completed(kind: ResourceKind, object: JsonObject): JsonObject {
  kind.rules.complete?.(object);
  return object;
}

function readConfiguration(context: ServerContext, { kind, text, options, namespace, name }: PatchInput): ReturnType<typeof readObject> {
  let body: unknown;
  try {
    body = parseJson(text) ?? parseYaml(text, { logLevel: 'error' });
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(body)) throw badRequest('error decoding YAML: the configuration must be an object');
  if (listAt(objectAt(body, 'metadata'), 'managedFields').length > 0) throw badRequest('metadata.managedFields must be nil');
  if (textAt(body, 'apiVersion') === '') throw badRequest(`invalid object type: /, Kind=${textAt(body, 'kind')}`);
  const read = readObject(context, kind, body, options);
  matchPath(read.object, kind, namespace, name);
  return read;
}

/**
 * kubectl applies JSON, which is YAML too. Reading a megabyte of it as YAML would hold up everybody for a good part of a second.
 * Undefined where it is not JSON: then the other reader says what is wrong.
 */
function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The version was a precondition; it is not part of what is claimed. */
function withoutIdentity(applied: JsonObject): JsonObject {
  const { resourceVersion: _version, uid: _uid, creationTimestamp: _created, ...metadata } = objectAt(applied, 'metadata');
  return { ...applied, metadata };
}

function parsePatch(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`error decoding patch: ${parseProblem(error)}`);
  }
}
