/** Format strings, compiled once to functions. */
import { noOperatorContext, type FieldReader, type FieldValue, type FormatSource, type OperatorContext } from './format-source.ts';
import { createReader } from './operators.ts';
import { parseFormat } from './parse-format.ts';

export type TextFormat = (source: FormatSource) => string;

export type CompiledFormat<T> = { readonly ok: true; readonly format: T } | { readonly ok: false; readonly message: string };

/** Compiles a format string. `unset` stands where an operator has nothing to say: Envoy writes `-`. */
export function compileFormat(text: string, unset = '-', context: OperatorContext = noOperatorContext): CompiledFormat<TextFormat> {
  const parts = compileParts(text, context);
  if (!parts.ok) return parts;
  const pieces = parts.format;
  const only = pieces[0];
  if (pieces.length === 0) return { ok: true, format: () => '' };
  if (pieces.length === 1 && typeof only === 'string') return { ok: true, format: () => only };
  return {
    ok: true,
    format(source) {
      let line = '';
      for (let index = 0; index < pieces.length; index += 1) {
        const piece = pieces[index] as string | FieldReader;
        line += typeof piece === 'string' ? piece : textOf(piece(source), unset);
      }
      return line;
    },
  };
}

function textOf(value: FieldValue, unset: string): string | number {
  if (value === undefined) return unset;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

/** Text as it is, operators as readers. */
export function compileParts(text: string, context: OperatorContext): CompiledFormat<readonly (string | FieldReader)[]> {
  const segments = parseFormat(text);
  if (typeof segments === 'string') return { ok: false, message: segments };
  const parts: (string | FieldReader)[] = [];
  for (const segment of segments) {
    if (segment.kind === 'text') {
      parts.push(segment.text);
      continue;
    }
    const read = createReader(segment.name, segment.argument, segment.lengthMax, context);
    if (typeof read === 'string') return { ok: false, message: read };
    parts.push(read);
  }
  return { ok: true, format: parts };
}

/** Whether a format string has no operators, so that it is always the same. */
export function isConstantFormat(text: string): boolean {
  return !text.includes('%');
}
