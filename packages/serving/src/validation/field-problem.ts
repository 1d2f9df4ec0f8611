/**
 * What is wrong with fields of an object, in Knative's words: tools and people compare them.
 * https://github.com/knative/pkg/blob/main/apis/field_error.go
 */
import { problem, type Problem } from '@sluice/kernel';

export interface FieldProblem {
  readonly message: string;
  /** One or several, dotted, with `[i]` for elements. None when it is about the whole. */
  readonly paths: readonly string[];
  /** More to know, on lines of its own. */
  readonly details?: string;
}

export function missing(...paths: readonly string[]): FieldProblem {
  return { message: 'missing field(s)', paths };
}

export function disallowed(...paths: readonly string[]): FieldProblem {
  return { message: 'must not set the field(s)', paths };
}

export function invalidValue(value: unknown, path: string, details?: string): FieldProblem {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return { message: `invalid value: ${text}`, paths: [path], ...(details === undefined ? {} : { details }) };
}

export function invalidKey(key: string, path: string, details: string): FieldProblem {
  return { message: `invalid key name ${JSON.stringify(key)}`, paths: [path], details };
}

export function outOfBounds(value: number, least: number, most: number, path: string): FieldProblem {
  return { message: `expected ${least} <= ${value} <= ${most}`, paths: [path] };
}

export function oneOf(found: 'both' | 'neither', ...paths: readonly string[]): FieldProblem {
  return { message: `expected exactly one, got ${found}`, paths: [...paths].sort() };
}

export function because(message: string, ...paths: readonly string[]): FieldProblem {
  return { message, paths };
}

/** The same problems as seen from further out: `within('spec', …)`, `within('containers[2]', …)`. */
export function within(prefix: string, found: readonly FieldProblem[]): FieldProblem[] {
  return found.map((inner) => ({
    ...inner,
    paths: inner.paths.map((path) => (path === '' ? prefix : `${prefix}.${path}`)),
  }));
}

/** Several paths of one problem stand in its path separated by commas, as Knative prints them. */
export function toProblems(found: readonly FieldProblem[]): Problem[] {
  return found.map(({ message, paths, details }) =>
    problem(paths.join(', '), details === undefined ? message : `${message}\n${details}`),
  );
}

/**
 * All problems as the one text that Knative's admission answers with: `message: path, path`, a line each, in
 * alphabetical order so that the text does not change from one attempt to the next.
 */
export function describeProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ message, path }) => {
      const [first = '', ...details] = message.split('\n');
      return [path === '' ? first : `${first}: ${path}`, ...details].join('\n');
    })
    .sort()
    .join('\n');
}
