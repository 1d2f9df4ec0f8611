/**
 * JSON log lines. The object's shape is fixed when it is compiled: keys and punctuation are text made once, and
 * only values are written per line. A field that is one operator keeps its type (numbers stay numbers, nothing is
 * null), unless the format is an untyped one; a field that mixes operators and text is a string.
 */
import type { LogFormat, Struct } from '@sluice/resources';
import { compileFormat, compileParts, type CompiledFormat, type TextFormat } from '../substitution/compile-format.ts';
import type { FieldValue, FormatSource, OperatorContext } from '../substitution/format-source.ts';

/** Gives the JSON of a value, or undefined when the field is to be left out. */
type ValueWriter = (source: FormatSource) => string | undefined;

type JsonFormat = LogFormat & { readonly kind: 'json' };

/** Compiles an object of format strings, which may nest. `end` stands behind it. */
export function compileJsonFormat(format: JsonFormat, end: string, context: OperatorContext): CompiledFormat<TextFormat> {
  const compiled = compileObject(format.fields, { ...format, context });
  if (!compiled.ok) return compiled;
  const write = compiled.format;
  return { ok: true, format: (source) => `${write(source) ?? '{}'}${end}` };
}

interface JsonStyle {
  readonly omitEmptyValues: boolean;
  readonly isUntyped: boolean;
  readonly sortsKeys: boolean;
  readonly context: OperatorContext;
}

function compileValue(value: unknown, style: JsonStyle): CompiledFormat<ValueWriter> {
  if (typeof value === 'string') return compileString(value, style);
  if (Array.isArray(value)) return compileList(value, style);
  if (typeof value === 'object' && value !== null) return compileObject(value as Struct, style);
  const constant = JSON.stringify(value ?? null);
  return { ok: true, format: () => constant };
}

function compileObject(fields: Struct, style: JsonStyle): CompiledFormat<ValueWriter> {
  const entries: { key: string; write: ValueWriter }[] = [];
  const pairs = Object.entries(fields);
  if (style.sortsKeys) pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of pairs) {
    const compiled = compileValue(value, style);
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

function compileList(values: readonly unknown[], style: JsonStyle): CompiledFormat<ValueWriter> {
  const writers: ValueWriter[] = [];
  for (const value of values) {
    const compiled = compileValue(value, style);
    if (!compiled.ok) return compiled;
    writers.push(compiled.format);
  }
  return { ok: true, format: (source) => `[${writers.map((write) => write(source) ?? 'null').join(',')}]` };
}

function compileString(text: string, { omitEmptyValues, isUntyped, context }: JsonStyle): CompiledFormat<ValueWriter> {
  const parts = compileParts(text, context);
  if (!parts.ok) return parts;
  const [only, ...more] = parts.format;
  if (typeof only === 'function' && more.length === 0) {
    const unset = omitEmptyValues ? undefined : isUntyped ? '"-"' : 'null';
    return {
      ok: true,
      format(source) {
        const value = only(source);
        if (value === undefined) return unset;
        return isUntyped ? quote(typeof value === 'object' ? JSON.stringify(value) : String(value)) : jsonOf(value);
      },
    };
  }
  const mixed = compileFormat(text, omitEmptyValues ? '' : '-', context);
  return mixed.ok ? { ok: true, format: (source) => quote(mixed.format(source)) } : mixed;
}

function jsonOf(value: NonNullable<FieldValue>): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? JSON.stringify(value) : quote(value);
}

/** Most values hold nothing that needs escaping; looking is cheaper than the general way. */
function quote(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /["\\\u0000-\u001f\u007f-\uffff]/.test(text) ? JSON.stringify(text) : `"${text}"`;
}
