/** What the compilation of a route table carries along: where problems go, and what turns expressions into matchers. */
import type { Problem } from '@sluice/kernel';
import type { PerFilterSettings } from '@sluice/resources';
import { createPlainEnvironment, operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { OperatorContext } from '../substitution/format-source.ts';
import type { RegexEngine, Regex } from './regex-engine.ts';

export interface RouteCompileOptions {
  readonly regexEngine: RegexEngine;
  /** Whether rewrites note what was before in `x-envoy-original-path` and `-host`; the router's `suppress_envoy_headers`. */
  readonly setsEnvoyHeaders: boolean;
  /** Default: without a runtime or files. */
  readonly environment?: CompileEnvironment;
  /** Absent where no filter takes settings of routes. */
  readonly compileFilterSettings?: CompileFilterSettings;
}

/** What compiling patterns needs: an engine, and somebody to tell. */
export interface PatternCompiler {
  /** For format strings. Absent: operators that need more than a stream are empty. */
  readonly operators?: OperatorContext;
  /** The compiled expression; one that is wrong is reported and matches nothing. */
  regex(expression: string, path: string): Regex;
  error(path: string, message: string): void;
}

/** Makes ready what a level of routing says to a filter. */
export type CompileFilterSettings = (settings: PerFilterSettings, filterName: string, patterns: PatternCompiler) => unknown;

export class CompileSession implements PatternCompiler {
  readonly options: RouteCompileOptions;
  readonly environment: CompileEnvironment;
  readonly operators: OperatorContext;
  readonly problems: Problem[] = [];
  /** By what the resource holds: all routes of a level share what was made for it. */
  readonly #filterSettings = new Map<PerFilterSettings, unknown>();

  constructor(options: RouteCompileOptions) {
    this.options = options;
    this.environment = options.environment ?? createPlainEnvironment();
    this.operators = operatorContextOf(this.environment);
  }

  error(path: string, message: string): void {
    this.problems.push({ path, message, severity: 'error' });
  }

  regex(expression: string, path: string): Regex {
    return compileRegex(this.options.regexEngine, expression, path, this);
  }

  filterSettings(settings: PerFilterSettings, filterName: string, path: string): unknown {
    const known = this.#filterSettings.get(settings);
    if (known !== undefined) return known;
    const made = this.options.compileFilterSettings?.(settings, filterName, under(this, path));
    this.#filterSettings.set(settings, made);
    return made;
  }
}

/** Reports into `problems`, with `path` in front of what is reported. */
export function createPatternCompiler(regexEngine: RegexEngine, path: string, problems: Problem[], operators?: OperatorContext): PatternCompiler {
  const whole: PatternCompiler = {
    ...(operators ? { operators } : {}),
    regex: (expression, at) => compileRegex(regexEngine, expression, at, whole),
    error: (at, message) => void problems.push({ path: at, message, severity: 'error' }),
  };
  return under(whole, path);
}

function under(patterns: PatternCompiler, path: string): PatternCompiler {
  const join = (at: string): string => (at === '' || path === '' ? path + at : `${path}.${at}`);
  return {
    ...(patterns.operators ? { operators: patterns.operators } : {}),
    regex: (expression, at) => patterns.regex(expression, join(at)),
    error: (at, message) => patterns.error(join(at), message),
  };
}

function compileRegex(engine: RegexEngine, expression: string, path: string, patterns: PatternCompiler): Regex {
  const regex = engine.compile(expression);
  if (typeof regex !== 'string') return regex;
  patterns.error(path, `${JSON.stringify(expression)} ${regex}`);
  return { matchesAll: () => false, replace: (text) => text };
}
