/** An answer that says no: a Status object of the API, or the HTTP status alone where the body was none. */
import { MeshError } from '@sluice/kernel';

/** The Status object by which a server says what went wrong. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly status?: 'Success' | 'Failure';
  readonly message?: string;
  /** A word for programs: `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Expired`, … */
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** `code` is `kubernetes-<reason in kebab case>`. */
export class ApiError extends MeshError {
  /** The HTTP status code. */
  readonly httpStatus: number;
  readonly reason: string;
  /** What the server said, without what was attempted. */
  readonly statusMessage: string;
  readonly details: StatusDetails;
  /** How long the server asked to wait, in ms. Absent when it did not. */
  readonly retryAfterMs: number | undefined;

  constructor(httpStatus: number, status: Status, attempted: string, retryAfterMs?: number) {
    const reason = status.reason ?? reasonOf(httpStatus);
    const statusMessage = status.message ?? `answered ${httpStatus}`;
    super(`kubernetes-${kebab(reason)}`, `${attempted}: ${statusMessage}`, {
      source: 'upstream',
      // 429 and 503 are said before anything was done; all else may have taken effect.
      retry: httpStatus === 429 || httpStatus === 503 ? 'always-safe' : 'never',
    });
    this.name = 'ApiError';
    this.httpStatus = httpStatus;
    this.reason = reason;
    this.statusMessage = statusMessage;
    this.details = status.details ?? {};
    this.retryAfterMs =
      retryAfterMs ??
      (this.details.retryAfterSeconds === undefined ? undefined : this.details.retryAfterSeconds * 1000);
  }
}

export function isNotFound(reason: unknown): reason is ApiError {
  return reason instanceof ApiError && reason.httpStatus === 404;
}

/** The object changed since it was read: read again and try again. */
export function isConflict(reason: unknown): reason is ApiError {
  return reason instanceof ApiError && reason.httpStatus === 409 && reason.reason !== 'AlreadyExists';
}

export function isAlreadyExists(reason: unknown): reason is ApiError {
  return reason instanceof ApiError && reason.reason === 'AlreadyExists';
}

/** The version asked for is no longer kept: list again. */
export function isGone(reason: unknown): reason is ApiError {
  return reason instanceof ApiError && (reason.httpStatus === 410 || reason.reason === 'Expired');
}

/** The server refused the object's content; trying the same again cannot help. */
export function isInvalid(reason: unknown): reason is ApiError {
  return reason instanceof ApiError && reason.httpStatus === 422;
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

function reasonOf(httpStatus: number): string {
  switch (httpStatus) {
    case 400:
      return 'BadRequest';
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 409:
      return 'Conflict';
    case 410:
      return 'Gone';
    case 422:
      return 'Invalid';
    case 429:
      return 'TooManyRequests';
    case 503:
      return 'ServiceUnavailable';
    default:
      return httpStatus >= 500 ? 'InternalError' : 'Unknown';
  }
}

function kebab(reason: string): string {
  return reason.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
