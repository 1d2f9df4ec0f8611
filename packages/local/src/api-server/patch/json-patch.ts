/** JSON Patch (RFC 6902). */
import type { Json, JsonObject } from '../json.ts';
import { cloneJson, equalJson, isObject, setKey, textAt } from '../json.ts';
import { badRequest, unprocessable } from '../status-error.ts';

/** More operations than this are refused (kube-apiserver's limit). */
const OPERATIONS_MAX = 10_000;

/**
 * The patched copy.
 * @throws StatusError 422 when an operation does not fit the document, or a test fails; 400 when it is no patch
 */
export function applyJsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  if (patch.length > OPERATIONS_MAX) throw badRequest(`a JSON patch may have at most ${OPERATIONS_MAX} operations`);
  // The root hangs under a key so that replacing the whole document is no special case.
  const holder: JsonObject = { root: cloneJson(document) };
  for (const operation of patch) {
    if (!isObject(operation)) throw badRequest('error decoding patch: an operation is an object');
    carryOut(holder, operation);
  }
  const result = holder['root'];
  if (!isObject(result)) throw unprocessable();
  return result;
}

function carryOut(holder: JsonObject, operation: JsonObject): void {
  const path = pointer(operation, 'path');
  switch (textAt(operation, 'op')) {
    case 'add':
      return add(holder, path, valueOf(operation));
    case 'remove':
      remove(holder, path);
      return;
    case 'replace':
      read(holder, path);
      return replace(holder, path, valueOf(operation));
    case 'test':
      if (!equalJson(read(holder, path), valueOf(operation))) throw unprocessable();
      return;
    case 'move':
      return add(holder, path, remove(holder, pointer(operation, 'from')));
    case 'copy':
      return add(holder, path, cloneJson(read(holder, pointer(operation, 'from'))));
    default:
      throw badRequest(`error decoding patch: unknown operation ${JSON.stringify(operation['op'] ?? null)}`);
  }
}

function valueOf(operation: JsonObject): Json {
  if (operation['value'] === undefined) throw badRequest('error decoding patch: an operation lacks its value');
  return cloneJson(operation['value']);
}

function pointer(operation: JsonObject, field: string): string[] {
  const text = operation[field];
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/'))) {
    throw badRequest(`error decoding patch: ${field} must be a JSON pointer`);
  }
  const steps = text.split('/').slice(1);
  return ['root', ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))];
}

function parentOf(holder: JsonObject, path: readonly string[]): { parent: Json; key: string } {
  const key = path.at(-1) as string;
  return { parent: path.length === 1 ? holder : read(holder, path.slice(0, -1)), key };
}

function read(holder: JsonObject, path: readonly string[]): Json {
  let value: Json = holder;
  for (const step of path) {
    if (Array.isArray(value)) value = value[indexOf(step, value.length - 1)] as Json;
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step] as Json;
    else throw unprocessable();
  }
  return value;
}

function add(holder: JsonObject, path: readonly string[], value: Json): void {
  const { parent, key } = parentOf(holder, path);
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : indexOf(key, parent.length), 0, value);
  else if (isObject(parent)) setKey(parent, key, value);
  else throw unprocessable();
}

function replace(holder: JsonObject, path: readonly string[], value: Json): void {
  const { parent, key } = parentOf(holder, path);
  if (Array.isArray(parent)) parent[indexOf(key, parent.length - 1)] = value;
  else if (isObject(parent)) setKey(parent, key, value);
}

function remove(holder: JsonObject, path: readonly string[]): Json {
  const value = read(holder, path);
  const { parent, key } = parentOf(holder, path);
  if (Array.isArray(parent)) parent.splice(indexOf(key, parent.length - 1), 1);
  else if (isObject(parent)) delete parent[key];
  return value;
}

function indexOf(step: string, max: number): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (index < 0 || index > max) throw unprocessable();
  return index;
}
