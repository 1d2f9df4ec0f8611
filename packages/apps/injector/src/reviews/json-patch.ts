/** What must be done to one document to make it another (RFC 6902). Pure. */

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/**
 * Operations in the order in which they apply. Where lists differ, what they have in common at both ends stays, so that what was put in is
 * added and not all that stands behind it replaced.
 */
export function patchBetween(before: unknown, after: unknown): PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(before, after, '', operations);
  return operations;
}

function compare(before: unknown, after: unknown, path: string, into: PatchOperation[]): void {
  if (isEqual(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, into);
  else if (isObject(before) && isObject(after)) compareObjects(before, after, path, into);
  else into.push({ op: 'replace', path, value: after });
}

function compareObjects(before: Fields, after: Fields, path: string, into: PatchOperation[]): void {
  for (const key of Object.keys(before)) {
    if (!isPresent(after, key)) into.push({ op: 'remove', path: `${path}/${escape(key)}` });
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const place = `${path}/${escape(key)}`;
    if (isPresent(before, key)) compare(before[key], value, place, into);
    else into.push({ op: 'add', path: place, value });
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], path: string, into: PatchOperation[]): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isEqual(before[before.length - 1 - end], after[after.length - 1 - end])) end += 1;
  const [were, are] = [before.length - end, after.length - end];
  const shared = Math.min(were, are);
  // What came or went stands in front of the part that changed: proxies are put first.
  const shift = are - were;
  if (shift > 0) for (let index = 0; index < shift; index++) into.push({ op: 'add', path: `${path}/${start + index}`, value: after[start + index] });
  if (shift < 0) for (let index = 0; index < -shift; index++) into.push({ op: 'remove', path: `${path}/${start}` });
  for (let index = start; index < shared; index++) {
    const [from, to] = shift > 0 ? [index, index + shift] : [index - shift, index];
    compare(before[from], after[to], `${path}/${to}`, into);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPresent(object: Fields, key: string): boolean {
  return Object.hasOwn(object, key) && object[key] !== undefined;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a).filter((key) => isPresent(a, key));
  if (keys.length !== Object.keys(b).filter((key) => isPresent(b, key)).length) return false;
  return keys.every((key) => isPresent(b, key) && isEqual(a[key], b[key]));
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
