/**
 * The one class for operating failures: things that go wrong because of the world, not because of the
 * program. Expected results are values (`Problem`, `Outcome`, a pick result), and mistakes in the program
 * are assertions; neither is a MeshError.
 */

/** Who failed. `local` is this process. */
export type ErrorSource = 'downstream' | 'upstream' | 'local';

/**
 * Whether trying again can do harm. `always-safe`: nothing was sent. `if-reused-connection`: only when the
 * failure may be the keep-alive race. `never`: something may have been processed.
 */
export type RetrySafety = 'never' | 'always-safe' | 'if-reused-connection';

export interface MeshErrorOptions {
  readonly source?: ErrorSource;
  readonly retry?: RetrySafety;
  readonly cause?: unknown;
}

export class MeshError extends Error {
  /** Stable, machine-readable, kebab-case: `upstream-connect-timeout`. */
  readonly code: string;
  readonly source: ErrorSource;
  readonly retry: RetrySafety;

  /** @param message what was attempted, on what, what was found; lower case, no full stop, no secrets */
  constructor(code: string, message: string, options: MeshErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MeshError';
    this.code = code;
    this.source = options.source ?? 'local';
    this.retry = options.retry ?? 'never';
  }

  /** The gate for unknowns: a MeshError passes as it is, anything else is wrapped under `code`. */
  static from(reason: unknown, code = 'internal'): MeshError {
    if (reason instanceof MeshError) return reason;
    const message = reason instanceof Error ? reason.message : String(reason);
    return new MeshError(code, message, { cause: reason });
  }
}
