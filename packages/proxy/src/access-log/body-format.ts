/** `SubstitutionFormatString`, compiled: for lines of logs and for bodies of local replies. */
import type { LogFormat } from '@sluice/resources';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileFormat, type CompiledFormat, type TextFormat } from '../substitution/compile-format.ts';
import { compileJsonFormat } from './json-log-format.ts';

export interface BodyFormat {
  readonly format: TextFormat;
  /** Of a body in this format. */
  readonly contentType: string;
}

/** `jsonEnd` stands behind JSON; text says itself where it ends. A mistake is reported, and what it says is empty. */
export function compileBodyFormat(format: LogFormat, path: string, patterns: PatternCompiler, environment: CompileEnvironment, jsonEnd = ''): BodyFormat {
  const contentType = format.contentType || (format.kind === 'json' ? 'application/json' : 'text/plain');
  const compiled = compile(format, environment, jsonEnd);
  if (compiled.ok) return { format: compiled.format, contentType };
  patterns.error(path, compiled.message);
  return { format: () => '', contentType };
}

function compile(format: LogFormat, environment: CompileEnvironment, jsonEnd: string): CompiledFormat<TextFormat> {
  const context = operatorContextOf(environment);
  if (format.kind === 'json') return compileJsonFormat(format, jsonEnd, context);
  const text = textOf(format, environment);
  return text.ok ? compileFormat(text.format, format.omitEmptyValues ? '' : '-', context) : text;
}

/** The format string, wherever it stands. */
export function textOf(format: Exclude<LogFormat, { kind: 'json' }>, environment: CompileEnvironment): CompiledFormat<string> {
  if (format.kind === 'text') return { ok: true, format: format.text };
  try {
    return { ok: true, format: environment.sources.read(format.source) };
  } catch (reason) {
    return { ok: false, message: `has a text_format_source that cannot be read: ${reason instanceof Error ? reason.message : String(reason)}` };
  }
}
