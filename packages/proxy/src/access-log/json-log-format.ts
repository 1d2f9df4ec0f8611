/**
 * JSON log lines. The object's shape is fixed when it is compiled: keys and punctuation are text made once, and
 * only values are written per line. A field that is one operator keeps its type (numbers stay numbers, nothing is
 * null); a field that mixes operators and text is a string.
 */
import type { Struct } from '@sluice/resources';
import { compileFormat, compileParts, type CompiledFormat, type TextFormat } from '../substitution/compile-format.ts';
import type { FormatSource } from '../substitution/format-source.ts';

/** Gives the JSON of a value, or undefined when the field is to be left out. */
type ValueWriter = (source: FormatSource) => string | undefined;

/** Compiles an object of format strings, which may nest. The line ends with a newline. */
export function compileJsonFormat(fields: Struct, omitEmptyValues: boolean): CompiledFormat<TextFormat> {
  const compiled = compileObject(fields, omitEmptyValues);
  if (!compiled.ok) return compiled;
  const write = compiled.format;
  return { ok: true, format: (source) => `${write(source) ?? '{}'}\n` };
}

function compileValue(value: unknown, omitEmptyValues: boolean): CompiledFormat<ValueWriter> {
  if (typeof value === 'string') return compileString(value, omitEmptyValues);
  if (Array.isArray(value)) return compileList(value, omitEmptyValues);
  if (typeof value === 'object' && value !== null) return compileObject(value as Struct, omitEmptyValues);
  const constant = JSON.stringify(value ?? null);
  return { ok: true, format: () => constant };
}

function compileObject(fields: Struct, omitEmptyValues: boolean): CompiledFormat<ValueWriter> {
  const entries: { key: string; write: ValueWriter }[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const compiled = compileValue(value, omitEmptyValues);
    if (!compiled.ok) return { ok: false, message: `${name}: ${compiled.message}` };
    entries.push({ key: `${JSON.stringify(name)}:`, write: compiled.format });
  }
  return {
    ok: true,
    format(source) {
      let text = '';
      for (const { key, write } of entries) {
        const value = write(source);
        if (value !== undefined) text += text === '' ? key + value : `,${key}${value}`;
      }
      return `{${text}}`;
    },
  };
}

function compileList(values: readonly unknown[], omitEmptyValues: boolean): CompiledFormat<ValueWriter> {
  const writers: ValueWriter[] = [];
  for (const value of values) {
    const compiled = compileValue(value, omitEmptyValues);
    if (!compiled.ok) return compiled;
    writers.push(compiled.format);
  }
  return { ok: true, format: (source) => `[${writers.map((write) => write(source) ?? 'null').join(',')}]` };
}

function compileString(text: string, omitEmptyValues: boolean): CompiledFormat<ValueWriter> {
  const parts = compileParts(text);
  if (!parts.ok) return parts;
  const [only, ...more] = parts.format;
  if (typeof only === 'function' && more.length === 0) {
    const unset = omitEmptyValues ? undefined : 'null';
    return {
      ok: true,
      format(source) {
        const value = only(source);
        if (value === undefined) return unset;
        return typeof value === 'number' ? String(value) : quote(value);
      },
    };
  }
  const mixed = compileFormat(text, omitEmptyValues ? '' : '-');
  return mixed.ok ? { ok: true, format: (source) => quote(mixed.format(source)) } : mixed;
}

/** Most values hold nothing that needs escaping; looking is cheaper than the general way. */
function quote(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /["\\\u0000-\u001f\u007f-\uffff]/.test(text) ? JSON.stringify(text) : `"${text}"`;
}
