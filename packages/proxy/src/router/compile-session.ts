/** What the compilation of a route table carries along: where problems go, and what turns expressions into matchers. */
import type { Problem } from '@sluice/kernel';
import type { RegexEngine, Regex } from './regex-engine.ts';

export interface RouteCompileOptions {
  readonly regexEngine: RegexEngine;
  /** Whether rewrites note what was before in `x-envoy-original-path` and `-host`; the router's `suppress_envoy_headers`. */
  readonly setsEnvoyHeaders: boolean;
}

export class CompileSession {
  readonly options: RouteCompileOptions;
  readonly problems: Problem[] = [];

  constructor(options: RouteCompileOptions) {
    this.options = options;
  }

  error(path: string, message: string): void {
    this.problems.push({ path, message, severity: 'error' });
  }

  /** The compiled expression; one that is wrong is reported and matches nothing. */
  regex(expression: string, path: string): Regex {
    const regex = this.options.regexEngine.compile(expression);
    if (typeof regex !== 'string') return regex;
    this.error(path, `${JSON.stringify(expression)} ${regex}`);
    return { matchesAll: () => false, replace: (text) => text };
  }
}
