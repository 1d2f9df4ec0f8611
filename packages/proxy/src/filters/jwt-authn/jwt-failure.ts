/** Why a token was not accepted, in Envoy's words (jwt_verify_lib's `getStatusString`). */
export interface JwtFailure {
  readonly message: string;
  readonly status: 401 | 403;
}

const failure = (message: string, status: 401 | 403 = 401): JwtFailure => ({ message, status });

export const missing: JwtFailure = failure('Jwt is missing');
export const keysNotFetched: JwtFailure = failure('Jwks remote fetch is failed');

const malformed = failure('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections');
const expired = failure('Jwt is expired');
export const notVerified: JwtFailure = failure('Jwt verification fails');

/** By the codes of jose's errors. */
const byCode: Readonly<Record<string, JwtFailure>> = {
  ERR_JWT_EXPIRED: expired,
  ERR_JWS_INVALID: malformed,
  ERR_JWT_INVALID: malformed,
  ERR_JWKS_INVALID: failure('Jwks is invalid'),
  ERR_JWKS_NO_MATCHING_KEY: failure("Jwks doesn't have key to match kid or alg from Jwt"),
  ERR_JOSE_ALG_NOT_ALLOWED: failure('Jwt header [alg] is not supported'),
  ERR_JOSE_NOT_SUPPORTED: failure('Jwt header [alg] is not supported'),
};

const byClaim: Readonly<Record<string, JwtFailure>> = {
  iss: failure('Jwt issuer is not configured'),
  aud: failure('Audiences in Jwt are not allowed', 403),
  nbf: failure('Jwt not yet valid'),
  exp: expired,
};

/** Whatever is not known is a token that was not verified. */
export function failureOf(error: unknown): JwtFailure {
  if (typeof error !== 'object' || error === null) return notVerified;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const claim = 'claim' in error && typeof error.claim === 'string' ? error.claim : '';
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return byClaim[claim] ?? notVerified;
  return byCode[code] ?? notVerified;
}
