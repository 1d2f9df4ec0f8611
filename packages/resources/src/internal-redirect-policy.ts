/** `envoy.config.route.v3.InternalRedirectPolicy`: which redirects of an upstream are followed here. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeInteger } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export interface InternalRedirectPolicy {
  /** Redirects followed for one request. Default 1, as Envoy. */
  readonly redirectsMax: number;
  /** Statuses that are followed. Default 302, as Envoy. */
  readonly statuses: readonly number[];
  /** Whether a redirect may lead from https to http or back. */
  readonly allowsCrossScheme: boolean;
}

const statuses = [301, 302, 303, 307, 308];

export function readInternalRedirectPolicy(json: unknown, scope: Scope): InternalRedirectPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const codes = reader.list('redirect_response_codes', (code, at) => decodeInteger(code, at, { min: 300, max: 399 }));
  const policy: InternalRedirectPolicy = {
    redirectsMax: reader.uint32('max_internal_redirects', 1),
    // What is no redirect is not followed, as in Envoy.
    statuses: codes.length === 0 ? [302] : codes.filter((code) => statuses.includes(code)),
    allowsCrossScheme: reader.boolean('allow_cross_scheme_redirect', false),
  };
  reader.refuse(['predicates', 'response_headers_to_copy', 'redirect_url_rewrite_regex']);
  reader.done();
  return policy;
}
