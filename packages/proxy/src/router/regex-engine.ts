/**
 * Route regexes run in time proportional to their input, whatever the expression: RE2's engine and syntax, as in
 * Envoy. The engine takes some 15 ms and 250 KB to load, so it is loaded only when a configuration has a regex.
 */

/** A compiled expression. */
export interface Regex {
  /** Whether it matches the whole of `text`. */
  matchesAll(text: string): boolean;
  /** Replaces each match; `\1` in the substitution is the first group, `\0` the whole match. */
  replace(text: string, substitution: string): string;
}

export interface RegexEngine {
  /** Gives the compiled expression, or a sentence about what is wrong with it. */
  compile(expression: string): Regex | string;
}

/** Loads RE2. */
export async function loadRegexEngine(): Promise<RegexEngine> {
  const { RE2JS } = await import('re2js');
  return {
    compile(expression): Regex | string {
      try {
        const compiled = RE2JS.compile(expression);
        const regex: Regex = {
          matchesAll: (text) => compiled.testExact(text),
          replace: (text, substitution) =>
            compiled.matcher(text).replaceAll((...found: unknown[]) => substitute(substitution, found)),
        };
        return regex;
      } catch (reason) {
        return `is no RE2 expression: ${reason instanceof Error ? reason.message : String(reason)}`;
      }
    },
  };
}

/** For configurations without regexes: finding one anyway is a mistake of whoever chose this engine. */
export const noRegexEngine: RegexEngine = {
  compile: () => 'cannot be compiled: the regex engine has not been loaded',
};

/** Loads RE2 when the first configuration comes that needs it. */
export class LateRegexEngine implements RegexEngine {
  #engine: RegexEngine = noRegexEngine;

  async load(): Promise<void> {
    if (this.#engine === noRegexEngine) this.#engine = await loadRegexEngine();
  }

  compile(expression: string): Regex | string {
    return this.#engine.compile(expression);
  }
}

/** `found` is the match and its groups, then further arguments that a replacer gets. */
function substitute(substitution: string, found: readonly unknown[]): string {
  return substitution.replace(/\\(\d|\\)/g, (_, reference: string) => {
    if (reference === '\\') return '\\';
    const group = found[Number(reference)];
    return typeof group === 'string' ? group : '';
  });
}
