/**
 * What is wrong with a piece of configuration. Problems are values: a reader collects all of them and
 * reports them at once, and whatever was in force before stays in force.
 */
export interface Problem {
  /** Where in the document, as a field path: `spec.traffic[0].percent`. Empty for the document itself. */
  readonly path: string;
  /** What is wrong, with the value found and what is allowed. Lower case, no full stop. */
  readonly message: string;
  /** `error` keeps the document from being used; `warning` does not. */
  readonly severity: 'error' | 'warning';
  /** Where in the file, when it came from one. Lines and columns count from 1. */
  readonly position?: Position;
}

/** A place in a file. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A value, or the reasons why there is none. Warnings may come with a value. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A problem that keeps the document from being used. */
export function problem(path: string, message: string): Problem {
  return { path, message, severity: 'error' };
}

/** One line for a person: `file:line:column: path: message`, leaving out what is not known. */
export function formatProblem(found: Problem): string {
  const parts: string[] = [];
  if (found.position) parts.push(`${found.position.file}:${found.position.line}:${found.position.column}`);
  if (found.path !== '') parts.push(found.path);
  parts.push(found.message);
  return parts.join(': ');
}
