/** The whole objects within an answer: what it shows of the world. */
import { at, isObject, textAt, type Answer, type Json, type JsonObject } from './exchange.ts';

/** Objects with kind, name and uid: the answer itself or the items of a list. Tables and bare metadata show too little. */
export function objectsIn(body: Json | undefined): JsonObject[] {
  if (!isObject(body)) return [];
  const kind = textAt(body, 'kind');
  const items = body['items'];
  if (Array.isArray(items) && kind.endsWith('List') && !kind.startsWith('PartialObject')) {
    const apiVersion = textAt(body, 'apiVersion');
    return items
      .filter((item) => isObject(item))
      .map((item) => ({ kind: kind.slice(0, -'List'.length), apiVersion, ...item }))
      .filter(isWhole);
  }
  return isWhole(body) ? [body] : rowsOf(body).flatMap((row) => (isObject(row['object']) && isWhole(row['object']) ? [row['object']] : []));
}

export function objectsOf(answer: Answer): JsonObject[] {
  return [...objectsIn(answer.body), ...(answer.events ?? []).flatMap(({ event }) => objectsIn(event['object']))];
}

export function rowsOf(body: Json | undefined): JsonObject[] {
  const rows = at(body, 'rows');
  return Array.isArray(rows) ? rows.filter((row) => isObject(row)) : [];
}

/** `<apiVersion> <kind> <namespace>/<name>`. */
export function keyOf(object: JsonObject): string {
  return `${textAt(object, 'apiVersion')} ${textAt(object, 'kind')} ${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
}

function isWhole(object: JsonObject): boolean {
  if (textAt(object, 'kind').startsWith('PartialObject') || textAt(object, 'metadata', 'uid') === '') return false;
  return textAt(object, 'metadata', 'name') !== '' && textAt(object, 'kind') !== 'Scale';
}
