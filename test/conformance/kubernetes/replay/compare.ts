/**
 * Where two answers differ. A field that is null and one that is absent say the same, as everywhere in this API. What is different in every run is only compared in kind: a uid with a uid, a time with a time. Descriptions
 * of columns and schemas are each server's own words and not compared at all.
 */
import { isObject, textAt, type Json, type JsonObject } from './exchange.ts';

/** @returns `path: found …, expected …`, sorted */
export function compareJson(recorded: Json | undefined, ours: Json | undefined): string[] {
  const differences: string[] = [];
  compare(likeness(recorded), likeness(ours), '', differences);
  return differences.sort();
}

function compare(expected: Json | undefined, found: Json | undefined, path: string, into: string[]): void {
  if ((expected ?? undefined) === undefined && (found ?? undefined) === undefined) return;
  if (expected === undefined || found === undefined) {
    if (expected !== found) into.push(`${path}: ${found === undefined ? 'missing' : 'unexpected'} ${brief(expected ?? found)}`);
    return;
  }
  if (Array.isArray(expected) && Array.isArray(found)) {
    compareLists(expected, found, path, into);
    return;
  }
  if (isObject(expected) && isObject(found)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      compare(expected[key], found[key], path === '' ? key : `${path}.${key}`, into);
    }
    return;
  }
  if (expected !== found) into.push(`${path}: found ${brief(found)}, expected ${brief(expected)}`);
}

function compareLists(expected: Json[], found: Json[], path: string, into: string[]): void {
  const named = keyed(expected);
  const ours = keyed(found);
  if (!named || !ours) {
    for (let index = 0; index < Math.max(expected.length, found.length); index++) {
      compare(expected[index], found[index], `${path}[${index}]`, into);
    }
    return;
  }
  for (const key of new Set([...named.keys(), ...ours.keys()])) compare(named.get(key), ours.get(key), `${path}[${key}]`, into);
}

/** Lists whose items name themselves are compared name by name, so that one object more is one difference. */
function keyed(list: Json[]): Map<string, Json> | undefined {
  const keys = new Map<string, Json>();
  if (list.every((item) => typeof item === 'string')) return undefined;
  for (const item of list) {
    const key = isObject(item) ? keyOfItem(item) : '';
    if (key === '' || keys.has(key)) return undefined;
    keys.set(key, item);
  }
  return keys;
}

function keyOfItem(item: JsonObject): string {
  if (typeof item['manager'] === 'string') return `${item['manager']} ${textAt(item, 'operation')}${textAt(item, 'subresource') && '/'}${textAt(item, 'subresource')}`;
  const metadata = isObject(item['object']) ? item['object']['metadata'] : item['metadata'];
  const name = textAt(metadata, 'name');
  if (name !== '') return [textAt(metadata, 'namespace'), name].filter((part) => part !== '').join('/');
  for (const field of ['resource', 'subresource', 'name', 'groupVersion', 'version']) if (typeof item[field] === 'string') return item[field];
  const cells = item['cells'];
  if (Array.isArray(cells)) return String(cells[0]);
  const type = item['type'];
  return typeof type === 'string' && item['status'] !== undefined ? type : '';
}

function brief(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The value with everything replaced that no two runs share. */
function likeness(value: Json | undefined, key = ''): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => likeness(item, key) as Json);
  if (isObject(value)) {
    const result: JsonObject = {};
    for (const [name, child] of Object.entries(value)) {
      if (name !== 'description' || typeof child !== 'string' || !isColumn(value)) result[name] = likeness(child, name) as Json;
    }
    return result;
  }
  if (typeof value !== 'string') return value;
  if (key === 'resourceVersion' || key === 'fieldPath') return key === 'resourceVersion' && value !== '' ? '<version>' : value;
  if (key === 'continue' && value !== '') return '<continue>';
  if (key === 'name' && /-[a-z0-9]{5}$/.test(value)) return value.replace(/[a-z0-9]{5}$/, '<suffix>');
  return likenessOfText(value);
}

function isColumn(value: JsonObject): boolean {
  return value['priority'] !== undefined && value['format'] !== undefined;
}

function likenessOfText(value: string): string {
  if (/^\d+(s|m|h|d|y)(\d+(s|m|h|d))?$/.test(value)) return '<age>';
  return value
    .replaceAll(/<uid-\d+>|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/<(micro)?time-\d+>|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/\b10\.(0\.0|96\.\d+)\.\d+\b/g, '<cluster-ip>')
    .replaceAll(/((resource|Resource) ?[Vv]ersion:? |current: |ResourceVersion in record \()(\d+|<resourceVersion>)( \(\d+\))?/g, (_all, words: string) => `${words}<version>`);
}
