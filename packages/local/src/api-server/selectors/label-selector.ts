/** Label selectors, in the two forms they come in: text in a query, and an object in a spec. */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { badRequest } from '../status-error.ts';

/** The labels of an object, as far as they are text. */
export type Labels = JsonObject;
export type LabelMatcher = (labels: Labels) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'above' | 'below';
  readonly values: readonly string[];
}

/**
 * Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Undefined when it selects everything.
 * @throws StatusError 400 on anything else
 */
export function parseLabelSelector(text: string): LabelMatcher | undefined {
  if (text.trim() === '') return undefined;
  const requirements = new SelectorReader(text).read();
  return (labels) => requirements.every((requirement) => meets(labels, requirement));
}

/** The matcher of `{matchLabels, matchExpressions}`. An empty selector matches everything. */
export function matcherOf(selector: JsonObject): LabelMatcher {
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(objectAt(selector, 'matchLabels'))) {
    requirements.push({ key, operator: 'in', values: [String(value)] });
  }
  for (const expression of listAt(selector, 'matchExpressions')) {
    if (!isObject(expression)) continue;
    const operator = OPERATORS[textAt(expression, 'operator')] ?? 'in';
    requirements.push({ key: textAt(expression, 'key'), operator, values: listAt(expression, 'values').map(String) });
  }
  return (labels) => requirements.every((requirement) => meets(labels, requirement));
}

const OPERATORS: Readonly<Record<string, Requirement['operator']>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'absent',
};

function meets(labels: Labels, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  const present = typeof value === 'string' && Object.hasOwn(labels, key);
  switch (operator) {
    case 'in':
      return present && values.includes(value);
    // An absent label is not in any set.
    case 'notin':
      return !present || !values.includes(value);
    case 'exists':
      return present;
    case 'absent':
      return !present;
    case 'above':
      return present && Number(value) > Number(values[0]);
    case 'below':
      return present && Number(value) < Number(values[0]);
  }
}

/** A token: a word, or one of the operators. */
const TOKEN = /\s*(!=|==|=|!|\(|\)|,|>|<|[^\s!=(),<>]+)/y;

class SelectorReader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) this.#tokens.push(match[1] as string);
  }

  read(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next === '') return requirements;
      if (next !== ',') throw failure(next, "',' or 'end of string'");
      if (this.#peek() === '') throw failure('', 'identifier after \',\'');
    }
  }

  #requirement(): Requirement {
    if (this.#peek() === '!') {
      this.#take();
      return { key: this.#word(), operator: 'absent', values: [] };
    }
    const key = this.#word();
    const operator = this.#peek();
    switch (operator) {
      case '':
      case ',':
        return { key, operator: 'exists', values: [] };
      case '=':
      case '==':
        this.#take();
        return { key, operator: 'in', values: [this.#value()] };
      case '!=':
        this.#take();
        return { key, operator: 'notin', values: [this.#value()] };
      case '>':
      case '<':
        this.#take();
        return { key, operator: operator === '>' ? 'above' : 'below', values: [this.#value()] };
      case 'in':
      case 'notin':
        this.#take();
        return { key, operator, values: this.#set() };
      default:
        throw failure(operator, "in, notin, =, ==, !=, gt, lt");
    }
  }

  #set(): string[] {
    const open = this.#take();
    if (open !== '(') throw failure(open, "'('");
    const values: string[] = [];
    for (;;) {
      values.push(this.#value());
      const next = this.#take();
      if (next === ')') return values;
      if (next !== ',') throw failure(next, "',' or ')'");
    }
  }

  /** A word, or nothing at all: `a=` asks for an empty value. */
  #value(): string {
    const next = this.#peek();
    if (next === '' || next === ',' || next === ')') return '';
    return this.#word();
  }

  #word(): string {
    const token = this.#take();
    if (token === '' || /^[!=(),<>]/.test(token)) throw failure(token, 'identifier');
    return token;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? '';
  }
}

function failure(found: string, expected: string): Error {
  return badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
}
