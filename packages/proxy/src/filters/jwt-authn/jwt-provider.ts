/** A provider at work: finds its tokens in a request, verifies them, and tells the upstream what they say. */
import { isFieldValue, type RequestHead } from '@sluice/http';
import type { Clock } from '@sluice/kernel';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileStringMatcher, type StringTest } from '../../router/string-test.ts';
import type { Stream } from '../../stream.ts';
import { failureOf, keysNotFetched, notVerified, type JwtFailure } from './jwt-failure.ts';
import type { JwtProviderConfig, TokenPlace } from './jwt-provider-config.ts';
import type { KeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import { removeToken, tokenAt } from './token-places.ts';

export interface FoundToken {
  readonly token: string;
  readonly place: TokenPlace;
}

/** A token that was verified. */
export interface AcceptedToken extends FoundToken {
  readonly provider: JwtProvider;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Envoy's, of all that tokens leave in dynamic metadata. */
export const jwtMetadataNamespace = 'envoy.filters.http.jwt_authn';

export class JwtProvider {
  readonly config: JwtProviderConfig;
  readonly #keys: KeySource;
  readonly #clock: Clock;
  readonly #isSubjectAllowed: StringTest | undefined;

  constructor(config: JwtProviderConfig, keys: KeySource, clock: Clock, patterns: PatternCompiler) {
    this.config = config;
    this.#keys = keys;
    this.#clock = clock;
    this.#isSubjectAllowed = config.subjects && compileStringMatcher(config.subjects, `providers.${config.name}.subjects`, patterns);
  }

  tokensIn(request: RequestHead): readonly FoundToken[] {
    return this.config.places.flatMap((place) => {
      const token = tokenAt(request, place);
      return token === undefined ? [] : [{ token, place }];
    });
  }

  /** What a client says in headers that are ours to write is taken out. */
  cleanRequest(request: RequestHead): void {
    if (this.config.payloadHeader !== '') request.remove(this.config.payloadHeader);
    for (const { header } of this.config.claimHeaders) request.remove(header);
  }

  /** `audiences` stand instead of the provider's where there are any. */
  async verify(found: FoundToken, audiences: readonly string[]): Promise<AcceptedToken | JwtFailure> {
    let keySet: KeySet;
    try {
      keySet = await this.#keys();
    } catch {
      return keysNotFetched;
    }
    try {
      const payload = await this.#verifyWith(keySet, found.token, audiences);
      return this.#isAllowed(payload) ? { ...found, provider: this, payload } : notVerified;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** The token has served; the upstream and other filters hear what they are meant to. True when anything changed by it. */
  describe(stream: Stream, accepted: AcceptedToken): boolean {
    const { token, place, payload } = accepted;
    const { forward, payloadHeader, padsPayload, claimHeaders } = this.config;
    const { request } = stream;
    if (!forward) removeToken(request, place);
    if (payloadHeader !== '') {
      const part = token.split('.')[1] ?? '';
      request.set(payloadHeader, padsPayload ? part.padEnd(Math.ceil(part.length / 4) * 4, '=') : part);
    }
    for (const { header, claim } of claimHeaders) {
      const value = textOf(claimAt(payload, claim));
      if (value !== undefined && isFieldValue(value)) request.set(header, value);
    }
    return this.#addMetadata(stream, accepted) || payloadHeader !== '' || claimHeaders.length > 0;
  }

  #addMetadata({ info }: Stream, { token, payload }: AcceptedToken): boolean {
    const { metadata, spaceDelimitedClaims } = this.config;
    if (metadata.payload === '' && metadata.header === '') return false;
    const listed = spaceDelimitedClaims.flatMap((claim) => {
      const value = payload[claim];
      return typeof value === 'string' ? [[claim, value.split(' ').filter((part) => part !== '')] as const] : [];
    });
    if (metadata.payload !== '') info.addMetadata(jwtMetadataNamespace, { [metadata.payload]: { ...payload, ...Object.fromEntries(listed) } });
    if (metadata.header !== '') info.addMetadata(jwtMetadataNamespace, { [metadata.header]: JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')) as unknown });
    return true;
  }

  #isAllowed(payload: Readonly<Record<string, unknown>>): boolean {
    const { sub, exp } = payload;
    if (this.#isSubjectAllowed && !this.#isSubjectAllowed(typeof sub === 'string' ? sub : '')) return false;
    const { lifetimeMsMax } = this.config;
    return lifetimeMsMax === undefined || (typeof exp === 'number' && exp * 1000 - this.#clock.wallTime() <= lifetimeMsMax);
  }

  async #verifyWith(keySet: KeySet, token: string, audiences: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    // Loaded by the first token: a proxy without tokens need not have it in memory.
    const { createLocalJWKSet, errors, jwtVerify } = await import('jose');
    const { issuer, clockSkewSeconds, requiresExpiration } = this.config;
    const wanted = audiences.length > 0 ? audiences : this.config.audiences;
    const options = {
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(this.#clock.wallTime()),
      ...(issuer === '' ? {} : { issuer }),
      ...(wanted.length === 0 ? {} : { audience: [...wanted] }),
      ...(requiresExpiration ? { requiredClaims: ['exp'] } : {}),
    };
    try {
      const keys = createLocalJWKSet({ keys: keySet.keys.map((key) => ({ ...key, kty: String(key['kty']) })) });
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token that does not name its key: any of those that could be meant.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (reason) {
          if (!(reason instanceof errors.JWSSignatureVerificationFailed)) throw reason;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

/** `a.b` is the member `b` of the claim `a`, unless a claim has that very name. */
function claimAt(payload: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function textOf(claim: unknown): string | undefined {
  switch (typeof claim) {
    case 'string':
      return claim;
    case 'number':
    case 'boolean':
      return String(claim);
    case 'object':
      return claim === null ? undefined : Buffer.from(JSON.stringify(claim)).toString('base64url');
    default:
      return undefined;
  }
}
