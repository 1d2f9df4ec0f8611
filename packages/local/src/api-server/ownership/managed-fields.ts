/**
 * Who owns which field (`metadata.managedFields`), by the rules of Kubernetes' structured-merge-diff: an
 * update takes what it changes, an apply claims what it says, and two who claim one value differently are
 * in conflict.
 */
import type { Json, JsonObject } from '../json.ts';
import { equalJson, isObject, listAt, objectAt, textAt } from '../json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { StatusError } from '../status-error.ts';
import { compareObjects, fieldsOf } from './compare.ts';
import { FieldSet } from './field-set.ts';
import { HEIR, carryOn, lastAppliedFields } from './last-applied.ts';
import { mergeConfiguration, pruneGivenUp } from './merge.ts';

/** Who writes, and through which door. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339 with whole seconds. */
  readonly timestamp: string;
}

interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

/** The server's own fields, which nobody manages (structured-merge-diff's `stripMeta`). */
const UNMANAGED_METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
];

/**
 * Notes what an update changed, in `next.metadata.managedFields`. When `next` brings managedFields of its
 * own, these are what the update starts from: that is how clients migrate or clear ownership.
 */
export function trackUpdate(live: JsonObject | undefined, next: JsonObject, schema: SchemaNode, writer: Writer): void {
  const metadata = objectAt(next, 'metadata');
  const before = readManagers(metadata['managedFields'] ?? objectAt(live, 'metadata')['managedFields']);
  // Nobody has ever owned a field of it, or everybody was forgotten on purpose: an update changes nothing about that.
  if (live && before.length === 0) {
    delete metadata['managedFields'];
    return;
  }
  const comparison = compareObjects(live ? managedPart(live) : schema.empty, managedPart(next), schema);
  const taken = comparison.added.union(comparison.modified);
  const identity = { ...writer, operation: 'Update' as const };
  const after: Manager[] = [];
  let own: Manager | undefined;
  for (const manager of before) {
    if (isSame(manager, identity)) own = manager;
    else after.push(withFields(manager, manager.fields.difference(taken).difference(comparison.removed), writer.timestamp, false));
  }
  const fields = (own?.fields ?? new FieldSet()).difference(comparison.removed).union(taken);
  if (!own) after.push({ ...identity, time: writer.timestamp, fields });
  else after.push(withFields(own, fields, writer.timestamp, true));
  writeManagers(metadata, after);
}

export interface ApplyInput {
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  readonly schema: SchemaNode;
  readonly writer: Writer;
  /** Take over what others own instead of failing. */
  readonly force: boolean;
  /** Top-level fields this door may not write: `status`, or everything but. */
  readonly isWritable: (field: string) => boolean;
}

/**
 * The object after a server-side apply, managedFields included.
 * @throws StatusError 409 with all conflicts
 */
export function applyConfiguration(input: ApplyInput): JsonObject {
  const { live, schema, writer } = input;
  const applied = writablePart(input.applied, input.isWritable);
  const before = readLiveManagers(live, schema, writer);
  const identity = { ...writer, operation: 'Apply' as const };
  const own = before.find((manager) => isSame(manager, identity));
  const others = before.filter((manager) => manager !== own);
  const claimed = fieldsOf(managedPart(applied), schema);

  const merged = mergeConfiguration(live, applied, schema);
  let owned = claimed;
  for (const other of others) owned = owned.union(other.fields);
  const pruned = own ? pruneGivenUp(merged, own.fields, owned, schema) : merged;
  if (!isObject(pruned)) throw new Error('an object stays an object');

  const comparison = compareObjects(live && managedPart(live), managedPart(pruned), schema);
  const changed = comparison.added.union(comparison.modified);
  const inherited = live && writer.manager === HEIR ? lastAppliedFields(live, schema, managedPart) : new FieldSet();
  const conflicts = others
    .map((manager) => ({ manager, fields: manager.fields.intersection(changed).difference(inherited) }))
    .filter(({ fields }) => !fields.isEmpty);
  if (conflicts.length > 0 && !input.force) throw conflictError(conflicts);

  const after = others.map((manager) =>
    withFields(manager, manager.fields.difference(changed).difference(comparison.removed), writer.timestamp, false),
  );
  const isUnchanged = own !== undefined && own.fields.equals(claimed);
  after.push({ ...identity, time: isUnchanged ? own.time : writer.timestamp, fields: claimed });
  pruned['metadata'] = { ...objectAt(pruned, 'metadata') };
  if (live && writer.manager === HEIR) carryOn(live, applied, pruned['metadata']);
  writeManagers(pruned['metadata'], after);
  return pruned;
}

/** True when two objects differ at most in when their owners last wrote. */
export function isSameApartFromTimes(a: JsonObject, b: JsonObject): boolean {
  const timeless = (object: JsonObject): Json => {
    const metadata = { ...objectAt(object, 'metadata') };
    metadata['managedFields'] = listAt(metadata, 'managedFields').map((one) => (isObject(one) ? { ...one, time: '' } : one));
    return { ...object, metadata };
  };
  return equalJson(timeless(a), timeless(b));
}

/** An object that nobody has managed yet belongs to a manager of that name until someone changes it. */
function readLiveManagers(live: JsonObject | undefined, schema: SchemaNode, writer: Writer): Manager[] {
  const managers = readManagers(objectAt(live, 'metadata')['managedFields']);
  if (!live || managers.length > 0) return managers;
  const fields = fieldsOf(managedPart(live), schema);
  return [{ ...writer, manager: 'before-first-apply', operation: 'Update', subresource: '', time: writer.timestamp, fields }];
}

function managedPart(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = object;
  const metadata = { ...objectAt(object, 'metadata') };
  for (const field of UNMANAGED_METADATA) delete metadata[field];
  return Object.keys(metadata).length > 0 ? { metadata, ...rest } : rest;
}

function writablePart(object: JsonObject, isWritable: (field: string) => boolean): JsonObject {
  const fixed = ['apiVersion', 'kind', 'metadata'];
  return Object.fromEntries(Object.entries(object).filter(([field]) => fixed.includes(field) || isWritable(field)));
}

function readManagers(json: Json | undefined): Manager[] {
  const managers: Manager[] = [];
  for (const entry of Array.isArray(json) ? json : []) {
    if (!isObject(entry) || textAt(entry, 'operation') === '') continue;
    managers.push({
      manager: textAt(entry, 'manager'),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: textAt(entry, 'apiVersion'),
      subresource: textAt(entry, 'subresource'),
      time: textAt(entry, 'time'),
      fields: FieldSet.fromJson(objectAt(entry, 'fieldsV1')),
    });
  }
  return managers;
}

/** Appliers first, then by time and name, as a real server sorts them. */
function writeManagers(metadata: JsonObject, managers: readonly Manager[]): void {
  const kept = managers.filter((manager) => !manager.fields.isEmpty);
  kept.sort((a, b) => compareText(a.operation, b.operation) || compareText(a.time, b.time) || compareText(a.manager, b.manager));
  if (kept.length === 0) {
    delete metadata['managedFields'];
    return;
  }
  metadata['managedFields'] = kept.map((manager) => {
    const entry: JsonObject = {
      manager: manager.manager,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time === '' ? {} : { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: manager.fields.toJson(),
    };
    if (manager.subresource !== '') entry['subresource'] = manager.subresource;
    return entry;
  });
}

function isSame(a: Manager, b: Omit<Manager, 'time' | 'fields'>): boolean {
  if (a.manager !== b.manager || a.operation !== b.operation || a.subresource !== b.subresource) return false;
  // One who applies stays the same over versions of the API.
  return a.operation === 'Apply' || a.apiVersion === b.apiVersion;
}

/** The time says when the manager itself last gained or lost a field by its own doing. */
function withFields(manager: Manager, fields: FieldSet, timestamp: string, isOwnDoing: boolean): Manager {
  const isChanged = isOwnDoing && !manager.fields.equals(fields);
  return { ...manager, fields, time: isChanged ? timestamp : manager.time };
}

function conflictError(conflicts: readonly { manager: Manager; fields: FieldSet }[]): StatusError {
  const causes: Json[] = [];
  const texts: string[] = [];
  for (const { manager, fields } of conflicts) {
    const paths = fields.paths();
    const who = managerText(manager);
    for (const field of paths) causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field });
    texts.push(paths.length === 1 ? `conflict with ${who}: ${paths[0]}` : `conflicts with ${who}:\n- ${paths.join('\n- ')}`);
  }
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return new StatusError(409, 'Conflict', `Apply failed with ${count}: ${texts.join('\n')}`, { details: { causes } });
}

function managerText(manager: Manager): string {
  const name = JSON.stringify(manager.manager);
  const door = manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`;
  return manager.operation === 'Apply' ? `${name}${door}` : `${name}${door} using ${manager.apiVersion}`;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
