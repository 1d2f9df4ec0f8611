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
  const unset = format.omitEmptyValues ? '' : '-';
  if (format.kind === 'text') return compileFormat(format.text, unset, context);
  try {
    return compileFormat(environment.sources.read(format.source), unset, context);
  } catch (reason) {
    return { ok: false, message: `has a text_format_source that cannot be read: ${reason instanceof Error ? reason.message : String(reason)}` };
  }
}
