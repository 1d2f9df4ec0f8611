/** The functions that every Go template has, and how values are written. https://pkg.go.dev/text/template#hdr-Functions */
import { GoTemplateError } from './template-error.ts';

export type TemplateFunction = (...values: readonly unknown[]) => unknown;

export const builtIns: Readonly<Record<string, TemplateFunction>> = {
  and: (...values) => values.find((value) => !isTruthy(value)) ?? values.at(-1),
  or: (...values) => values.find(isTruthy) ?? values.at(-1),
  not: (value) => !isTruthy(value),
  eq: (first, ...others) => others.includes(first),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: (value) => {
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (Array.isArray(value)) return value.length;
    if (value instanceof Map) return value.size;
    throw new GoTemplateError('len of a value that has no length');
  },
  index: (value, ...keys) => keys.reduce(elementOf, value),
  print: (...values) => values.map(format).join(''),
  println: (...values) => `${values.map(format).join(' ')}\n`,
  printf: (pattern, ...values) => printf(format(pattern), values),
  js: (...values) => {
    const text = values.map(format).join('');
    return harmless.test(text) ? text : text.replaceAll(unsafeInScript, escapeForScript);
  },
  html: (...values) => values.map(format).join('').replaceAll(/[<>&'"]/g, (found) => `&#${found.charCodeAt(0)};`),
  urlquery: (...values) => encodeURIComponent(values.map(format).join('')).replaceAll('%20', '+'),
};

/** What ends a string of JavaScript, or a script in a page, and, beyond ASCII, what Go does not call printable. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const unsafeInScript = /[\\'"<>&=\u0000-\u001f]|(?![\u0000-\u007f])[\p{C}\p{Z}]/gu;

/** Most texts have nothing to escape, and this is seen quickly. */
const harmless = /^[ !#-%(-;?-[\]-~]*$/;

/** Empty values are false: nothing, 0, no characters, no elements. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** As `fmt.Print` writes it. */
export function format(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value)) return `[${value.map(format).join(' ')}]`;
  if (value instanceof Map) return `map[${[...value].map(([key, inner]) => `${format(key)}:${format(inner)}`).sort().join(' ')}]`;
  if (typeof value === 'boolean') return String(value);
  const writes = methodOf(value, 'String');
  if (writes) return format(writes());
  throw new GoTemplateError(`a value of type ${typeof value} cannot be written`);
}

/** Go changes to an exponent earlier than JavaScript, and writes it with two digits. */
function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) {
    return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
  }
  return String(value);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) throw new GoTemplateError('incompatible types for comparison');
  return a === b ? 0 : a < (b as typeof a) ? -1 : 1;
}

function elementOf(value: unknown, key: unknown): unknown {
  if (value instanceof Map) return value.get(key) ?? '';
  if (Array.isArray(value) && typeof key === 'number') {
    if (key >= 0 && key < value.length) return value[key];
    throw new GoTemplateError(`index out of range: ${key}`);
  }
  const values = methodOf(value, 'Values');
  if (values) return values(key);
  throw new GoTemplateError("can't index item");
}

/** What an object brings for itself, as types of Go do: `String` to be written, `Values` to be asked by a key. */
function methodOf(value: unknown, name: 'String' | 'Values'): ((key?: unknown) => unknown) | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const method = (value as Record<string, unknown>)[name];
  return typeof method === 'function' ? (key) => method(key) as unknown : undefined;
}

/** The verbs that make sense for texts and numbers: `%s`, `%v`, `%d`, `%q`, `%f` with digits, `%%`. */
function printf(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  return pattern.replaceAll(/%(?:\.(\d+))?([svdqf%])/g, (_, digits: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = values[next];
    next += 1;
    if (verb === 'q') return JSON.stringify(format(value));
    return verb === 'f' ? Number(value).toFixed(digits === undefined ? 6 : Number(digits)) : format(value);
  });
}

function escapeForScript(found: string): string {
  if (found === '\\' || found === "'" || found === '"') return `\\${found}`;
  return `\\u${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
