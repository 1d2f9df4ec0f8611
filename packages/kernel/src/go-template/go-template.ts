/**
 * Templates as Go's `text/template` reads them, which is how names and log lines are shaped in Knative's ConfigMaps: fields, methods,
 * pipelines, the built-in functions, variables, `if`, `with`, `range`, comments and trimming. Not here: `define`, `template`,
 * `block`, `break` and `continue`; a template that has them is refused.
 * https://pkg.go.dev/text/template
 */
import { builtIns, format, isTruthy, type TemplateFunction } from './functions.ts';
import { GoTemplateError } from './template-error.ts';
import { readPieces, type Piece, type Token } from './tokens.ts';

/**
 * What a template may ask for: a plain object is a struct, whose fields are there or not; a `Map` is a map, in which a key that is
 * missing is empty; a function is a method.
 */
export type TemplateData = unknown;

export class GoTemplate {
  readonly #run: Statement;

  /** @throws GoTemplateError */
  constructor(text: string) {
    this.#run = new Parser(readPieces(text)).whole();
  }

  /** What is wrong with the text; undefined when it is a template. */
  static complaint(text: string): string | undefined {
    try {
      new Parser(readPieces(text)).whole();
      return undefined;
    } catch (reason) {
      if (reason instanceof GoTemplateError) return reason.message;
      throw reason;
    }
  }

  /** @throws GoTemplateError when the template asks for something that is not there */
  execute(data: TemplateData): string {
    const scope: Scope = { dot: data, variables: new Map([['', data]]) };
    return this.#run(scope);
  }
}

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

type Statement = (scope: Scope) => string;
/** `extra` is the result of the command before it in a pipeline. */
type Expression = (scope: Scope, extra?: readonly unknown[]) => unknown;

const unsupported = new Set(['define', 'template', 'block', 'break', 'continue']);

class Parser {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): Statement {
    const { body, end } = this.#list();
    if (end) throw new GoTemplateError(`unexpected {{${end.word}}}`, end.line);
    return body;
  }

  /** Up to `else` or `end`, or the end of the template. */
  #list(): { readonly body: Statement; readonly end: { readonly word: string; readonly rest: readonly Token[]; readonly line: number } | undefined } {
    const statements: Statement[] = [];
    const body: Statement = (scope) => {
      let text = '';
      for (const statement of statements) text += statement(scope);
      return text;
    };
    for (;;) {
      const piece = this.#pieces[this.#at];
      if (piece === undefined) return { body, end: undefined };
      this.#at += 1;
      if (piece.kind === 'text') {
        const { text } = piece;
        statements.push(() => text);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      const word = first?.kind === 'word' ? first.value : '';
      if (word === 'end' || word === 'else') return { body, end: { word, rest, line: piece.line } };
      if (unsupported.has(word)) throw new GoTemplateError(`{{${word}}} is not supported`, piece.line);
      if (word === 'if' || word === 'with' || word === 'range') statements.push(this.#block(word, rest, piece.line));
      else statements.push(output(piece.tokens, piece.line));
    }
  }

  #block(word: 'if' | 'with' | 'range', head: readonly Token[], line: number): Statement {
    const condition = new Reader(head, line).declaration();
    const { body, end } = this.#list();
    if (!end) throw new GoTemplateError(`unclosed {{${word}}}`, line);
    let otherwise: Statement = () => '';
    if (end.word === 'else') {
      const [next, ...rest] = end.rest;
      if (next?.kind === 'word' && (next.value === 'if' || next.value === 'with')) otherwise = this.#block(next.value, rest, end.line);
      else {
        const last = this.#list();
        if (last.end?.word !== 'end') throw new GoTemplateError('expected {{end}}', end.line);
        otherwise = last.body;
      }
    }
    if (word === 'range') return range(condition, body, otherwise);
    return (scope) => {
      const inner: Scope = { ...scope, variables: new Map(scope.variables) };
      const value = condition.value(inner);
      condition.assign(inner, [value]);
      if (!isTruthy(value)) return otherwise(inner);
      return body(word === 'with' ? { ...inner, dot: value } : inner);
    };
  }
}

interface Declaration {
  readonly value: Expression;
  readonly names: readonly string[];
  readonly assign: (scope: Scope, values: readonly unknown[]) => void;
}

function range({ value, names, assign }: Declaration, body: Statement, otherwise: Statement): Statement {
  return (scope) => {
    const all = value(scope);
    const entries: [unknown, unknown][] = all instanceof Map ? [...all].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : Array.isArray(all) ? [...all.entries()] : [];
    if (entries.length === 0) return otherwise(scope);
    let text = '';
    for (const [key, element] of entries) {
      const inner: Scope = { dot: element, variables: new Map(scope.variables) };
      assign(inner, names.length > 1 ? [key, element] : [element]);
      text += body(inner);
    }
    return text;
  };
}

function output(tokens: readonly Token[], line: number): Statement {
  const { value, names, assign } = new Reader(tokens, line).declaration();
  if (names.length === 0) return (scope) => format(value(scope));
  return (scope) => {
    assign(scope, [value(scope)]);
    return '';
  };
}

/** Reads the inside of one action. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  #at = 0;

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens;
    this.#line = line;
  }

  /** A pipeline, maybe with `$name :=` before it; nothing else may follow. */
  declaration(): Declaration {
    const names: string[] = [];
    const start = this.#at;
    while (this.#peek()?.kind === 'variable') {
      names.push((this.#take() as { readonly value: string }).value);
      if (!this.#skip(',')) break;
    }
    if (names.length === 0 || (!this.#skip(':=') && !this.#skip('='))) {
      names.length = 0;
      this.#at = start;
    }
    const value = this.#pipeline();
    if (this.#peek()) this.#fail(`unexpected ${describe(this.#peek())}`);
    return { value, names, assign: (scope, values) => names.forEach((name, index) => scope.variables.set(name, values[index])) };
  }

  #pipeline(): Expression {
    let value = this.#command();
    while (this.#skip('|')) {
      const before = value;
      const next = this.#command();
      value = (scope, extra) => next(scope, [before(scope, extra)]);
    }
    return value;
  }

  #command(): Expression {
    const first = this.#peek();
    if (first?.kind === 'word' && !['true', 'false', 'nil'].includes(first.value)) {
      this.#take();
      const call = builtIns[first.value];
      if (!call) return this.#fail(`function ${JSON.stringify(first.value)} not defined`);
      return callOf(call, this.#operands());
    }
    const head = this.#operand();
    if (!head) return this.#fail(first ? `unexpected ${describe(first)}` : 'missing value for command');
    const values = this.#operands();
    return (scope, extra = []) => {
      const found = head(scope);
      const given = [...values.map((value) => resolved(value(scope))), ...extra];
      if (typeof found === 'function') return (found as TemplateFunction)(...given);
      if (given.length > 0) throw new GoTemplateError(`can't give argument to non-function`, this.#line);
      return found;
    };
  }

  #operands(): Expression[] {
    const found: Expression[] = [];
    for (let next = this.#operand(); next; next = this.#operand()) found.push(next);
    return found;
  }

  #operand(): Expression | undefined {
    const next = this.#peek();
    if (next === undefined || (next.kind === 'mark' && next.value !== '(')) return undefined;
    this.#take();
    switch (next.kind) {
      case 'string':
      case 'number': {
        const { value } = next;
        return () => value;
      }
      case 'word': {
        const { value } = next;
        if (value === 'true' || value === 'false') return () => value === 'true';
        if (value === 'nil') return () => undefined;
        const call = builtIns[value];
        return call ? callOf(call, []) : this.#fail(`function ${JSON.stringify(value)} not defined`);
      }
      case 'field':
        return this.#chain(({ dot }) => dot, next.value === '' ? [] : [next.value]);
      case 'variable':
        return this.#chain((scope) => {
          if (!scope.variables.has(next.value)) throw new GoTemplateError(`undefined variable "$${next.value}"`, this.#line);
          return scope.variables.get(next.value);
        }, []);
      case 'mark': {
        const inner = this.#pipeline();
        if (!this.#skip(')')) this.#fail('unclosed left paren');
        return this.#chain(inner, []);
      }
    }
  }

  /** Fields that follow without a space belong to what is before them. */
  #chain(start: Expression, first: readonly string[]): Expression {
    const names = [...first];
    for (let next = this.#peek(); next?.kind === 'field' && next.joined; next = this.#peek()) {
      names.push(next.value);
      this.#take();
    }
    return (scope) => names.reduce((value, name) => this.#field(resolved(value), name), start(scope));
  }

  #field(value: unknown, name: string): unknown {
    if (value instanceof Map) return value.get(name) ?? '';
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
    throw new GoTemplateError(`can't evaluate field ${name}`, this.#line);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #take(): Token | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1];
  }

  #skip(mark: string): boolean {
    const next = this.#peek();
    if (next?.kind !== 'mark' || next.value !== mark) return false;
    this.#at += 1;
    return true;
  }

  #fail(message: string): never {
    throw new GoTemplateError(message, this.#line);
  }
}

function callOf(call: TemplateFunction, operands: readonly Expression[]): Expression {
  return (scope, extra = []) => call(...operands.map((operand) => resolved(operand(scope))), ...extra);
}

/** A method that is named without arguments is called. */
function resolved(value: unknown): unknown {
  return typeof value === 'function' ? (value as TemplateFunction)() : value;
}

function describe(token: Token | undefined): string {
  return token === undefined ? 'end of action' : `${token.kind} ${JSON.stringify(token.value)}`;
}
