/** `envoy.type.v3.HttpStatus`: a status by its name in Envoy's enum or by its number. */
import { MessageReader, type Scope } from '@sluice/resources';

export function readHttpStatus(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const status = reader.required('code', readCode);
  reader.done();
  return status;
}

function readCode(json: unknown, scope: Scope): number | undefined {
  const status = typeof json === 'string' ? statuses[json] : json;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 599) return status;
  scope.error(`is ${JSON.stringify(json)}, must be a status by name (TooManyRequests) or number (429)`);
  return undefined;
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/v3/http_status.proto, those an answer can have. */
const statuses: Readonly<Record<string, number>> = {
  OK: 200, Created: 201, Accepted: 202, NonAuthoritativeInformation: 203, NoContent: 204, ResetContent: 205, PartialContent: 206, MultiStatus: 207,
  AlreadyReported: 208, IMUsed: 226,
  MultipleChoices: 300, MovedPermanently: 301, Found: 302, SeeOther: 303, NotModified: 304, UseProxy: 305, TemporaryRedirect: 307, PermanentRedirect: 308,
  BadRequest: 400, Unauthorized: 401, PaymentRequired: 402, Forbidden: 403, NotFound: 404, MethodNotAllowed: 405, NotAcceptable: 406,
  ProxyAuthenticationRequired: 407, RequestTimeout: 408, Conflict: 409, Gone: 410, LengthRequired: 411, PreconditionFailed: 412, PayloadTooLarge: 413,
  URITooLong: 414, UnsupportedMediaType: 415, RangeNotSatisfiable: 416, ExpectationFailed: 417, MisdirectedRequest: 421, UnprocessableEntity: 422,
  Locked: 423, FailedDependency: 424, UpgradeRequired: 426, PreconditionRequired: 428, TooManyRequests: 429, RequestHeaderFieldsTooLarge: 431,
  InternalServerError: 500, NotImplemented: 501, BadGateway: 502, ServiceUnavailable: 503, GatewayTimeout: 504, HTTPVersionNotSupported: 505,
  VariantAlsoNegotiates: 506, InsufficientStorage: 507, LoopDetected: 508, NotExtended: 510, NetworkAuthenticationRequired: 511,
};
