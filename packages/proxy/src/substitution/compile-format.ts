/** Format strings, compiled once to functions. */
import { Buffer } from 'node:buffer';
import { noOperatorContext, type FieldReader, type FieldValue, type FieldWriter, type FormatSource, type OperatorContext } from './format-source.ts';
import { createReader } from './operators.ts';
import type { LineWriter } from './line-writer.ts';
import { parseFormat } from './parse-format.ts';

export type TextFormat = (source: FormatSource) => string;

/** The same as bytes, put down in a line. */
export type LineFormat = (source: FormatSource, line: LineWriter) => void;

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

/** `compileFormat` for lines that are put down as bytes. */
export function compileLineFormat(text: string, unset = '-', context: OperatorContext = noOperatorContext): CompiledFormat<LineFormat> {
  const parts = compileParts(text, context);
  if (!parts.ok) return parts;
  const writers = parts.format.map((part) => (typeof part === 'string' ? Buffer.from(part) : appenderOf(part, unset)));
  return {
    ok: true,
    format(source, line) {
      for (let index = 0; index < writers.length; index += 1) {
        const writer = writers[index] as Buffer | LineFormat;
        if (typeof writer === 'function') writer(source, line);
        else line.bytes(writer);
      }
    },
  };
}

function appenderOf(read: FieldReader | FieldWriter, unset: string): LineFormat {
  if ('append' in read) {
    return (source, line) => {
      if (!read.append(source, line)) line.text(unset);
    };
  }
  return (source, line) => {
    const value = textOf(read(source), unset);
    if (typeof value === 'number') line.number(value);
    else line.text(value);
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
