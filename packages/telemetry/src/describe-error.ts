/** An error as data: what a log line can hold and a query can ask for. */

export interface DescribedError {
  readonly message: string;
  readonly name?: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Causes deeper than this are left out: a chain may be a ring. */
const CAUSE_DEPTH_MAX = 5;

/** Code, message and causes. The stack is kept of the outermost only, and not of failures that have a code: those are the world's. */
export function describeError(reason: unknown): DescribedError {
  return describe(reason, 0);
}

function describe(reason: unknown, depth: number): DescribedError {
  if (!(reason instanceof Error)) return { message: String(reason) };
  const code = 'code' in reason && typeof reason.code === 'string' ? reason.code : undefined;
  const hasCause = reason.cause !== undefined && depth < CAUSE_DEPTH_MAX;
  return {
    name: reason.name,
    message: reason.message,
    ...(code === undefined ? {} : { code }),
    ...(code === undefined && depth === 0 && reason.stack !== undefined ? { stack: reason.stack } : {}),
    ...(hasCause ? { cause: describe(reason.cause, depth + 1) } : {}),
  };
}
