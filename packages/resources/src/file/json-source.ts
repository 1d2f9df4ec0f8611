/**
 * JSON without a library: the value by `JSON.parse`, and the place of a value looked for in the text when it is wanted.
 * A document with a key twice is left to others, since `JSON.parse` would take the second without a word.
 */

/** What the text says; undefined when it is no JSON, or has a key twice in one object. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return countKeysOfText(text) === countKeys(value) ? { value } : undefined;
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce<number>((sum, child) => sum + countKeys(child), own);
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** Colons outside of strings. */
function countKeysOfText(text: string): number {
  let keys = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at) - 1;
    else if (code === colon) keys += 1;
  }
  return keys;
}

/**
 * Where the value that a path leads to stands in valid JSON: of a field its key, of an element the value itself; of what is not
 * there its nearest parent. `namesOf` gives the names a field may go by.
 */
export function offsetInJson(text: string, path: readonly (string | number)[], namesOf: (name: string) => readonly string[]): number {
  let value = skipSpace(text, 0);
  let found = value;
  for (const segment of path) {
    const child = text[value] === '{' ? field(text, value, namesOf(String(segment))) : text[value] === '[' && typeof segment === 'number' ? element(text, value, segment) : undefined;
    if (!child) return found;
    found = child.start;
    value = child.value;
  }
  return found;
}

interface Child {
  readonly start: number;
  readonly value: number;
}

function field(text: string, object: number, names: readonly string[]): Child | undefined {
  let at = skipSpace(text, object + 1);
  while (text[at] === '"') {
    const start = at;
    const end = endOfString(text, at);
    const value = skipSpace(text, skipSpace(text, end) + 1);
    if (names.includes(JSON.parse(text.slice(start, end)) as string)) return { start, value };
    at = afterComma(text, endOfValue(text, value));
  }
  return undefined;
}

function element(text: string, array: number, index: number): Child | undefined {
  let at = skipSpace(text, array + 1);
  for (let count = 0; text[at] !== ']'; count += 1) {
    if (count === index) return { start: at, value: at };
    at = afterComma(text, endOfValue(text, at));
  }
  return undefined;
}

function afterComma(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === ',' ? skipSpace(text, next + 1) : next;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; at += 1) {
    const letter = text[at];
    if (letter === '"') {
      at = endOfString(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
      if (depth < 0) return at;
    } else if (depth === 0 && (letter === ',' || letter === undefined || /\s/.test(letter))) return at;
  }
}

/** One past its closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
}
