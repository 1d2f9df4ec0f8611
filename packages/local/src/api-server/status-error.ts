/**
 * The ways a request can fail, each as the Status object that a Kubernetes server answers with
 * (apimachinery's `api/errors`). Thrown by the verbs, caught once in `handle`.
 */
import type { JsonObject } from './json.ts';

/** One reason among several why an object was refused. */
export interface Cause {
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueForbidden'
    | 'FieldValueTypeInvalid'
    | 'FieldManagerConflict'
    | 'UnexpectedServerResponse'
    | 'ResourceVersionTooLarge'
    | 'NamespaceTerminating';
  readonly message: string;
  readonly field: string;
}

/** What an error is about: the plural for most, the Kind for refused objects. */
export interface Subject {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
}

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  /** More fields of the Status' metadata: the continue token that goes on after an expired one. */
  readonly metadata: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: number,
    reason: string,
    message: string,
    more: { details?: JsonObject; metadata?: JsonObject; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = more.details;
    this.metadata = more.metadata ?? {};
    this.headers = more.headers ?? {};
  }

  /** The object on the wire. */
  status(): JsonObject {
    const status: JsonObject = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
    };
    if (this.reason !== '') status['reason'] = this.reason;
    if (this.details) status['details'] = this.details;
    status['code'] = this.code;
    return status;
  }
}

/** `deployments.apps`, or `pods` of the core group. */
export function qualify(kind: string, group: string): string {
  return group === '' ? kind : `${kind}.${group}`;
}

export function notFound(subject: Subject): StatusError {
  const message = `${qualify(subject.kind, subject.group)} "${subject.name ?? ''}" not found`;
  return new StatusError(404, 'NotFound', message, { details: detailsOf(subject) });
}

/** The path names a resource or subresource that the group does not have. */
export function unknownResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function alreadyExists(subject: Subject): StatusError {
  const message = `${qualify(subject.kind, subject.group)} "${subject.name ?? ''}" already exists`;
  return new StatusError(409, 'AlreadyExists', message, { details: detailsOf(subject) });
}

/** Someone wrote in between; or, with another `why`, a precondition does not hold. */
export function conflict(
  subject: Subject,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): StatusError {
  const message = `Operation cannot be fulfilled on ${qualify(subject.kind, subject.group)} "${subject.name ?? ''}": ${why}`;
  return new StatusError(409, 'Conflict', message, { details: detailsOf(subject) });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function forbidden(subject: Subject, why: string, causes: readonly Cause[] = []): StatusError {
  const details = detailsOf(subject);
  if (causes.length > 0) details['causes'] = causes.map(causeToJson);
  return new StatusError(
    403,
    'Forbidden',
    `${qualify(subject.kind, subject.group)} "${subject.name ?? ''}" is forbidden: ${why}`,
    { details },
  );
}

/** The object is refused; all reasons at once. */
export function invalid(subject: Subject, causes: readonly Cause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const name = subject.name ?? '';
  return new StatusError(422, 'Invalid', `${qualify(subject.kind, subject.group)} "${name}" is invalid: ${list}`, {
    details: { ...detailsOf(subject), causes: causes.map(causeToJson) },
  });
}

/** A patch that cannot be carried out on the object as it is. */
export function unprocessable(): StatusError {
  const message = 'the server rejected our request due to an error in our request';
  return new StatusError(422, 'Invalid', message, { details: {} });
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError(405, 'MethodNotAllowed', message, { details: {} });
}

export function notAcceptable(offered: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${offered.join(', ')}`;
  return new StatusError(406, 'NotAcceptable', message, { details: {} });
}

/** The form that was asked for is one of single objects, and this is a list. */
export function notAcceptableForList(asked: string, listKind: string): StatusError {
  return new StatusError(406, 'NotAcceptable', `you requested ${asked}, but the requested object is a list (*${listKind})`);
}

/** A patch of a kind that no resource takes. */
export function unknownPatchType(): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** The asked for version is no longer in the history. */
export function expired(message: string, metadata: JsonObject = {}): StatusError {
  return new StatusError(410, 'Expired', message, { metadata });
}

export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
  });
}

function detailsOf(subject: Subject): JsonObject {
  const details: JsonObject = {};
  if (subject.name !== undefined && subject.name !== '') details['name'] = subject.name;
  if (subject.group !== '') details['group'] = subject.group;
  details['kind'] = subject.kind;
  return details;
}

function causeToJson(cause: Cause): JsonObject {
  return { reason: cause.reason, message: cause.message, field: cause.field };
}
