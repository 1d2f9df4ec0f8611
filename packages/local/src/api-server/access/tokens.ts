/**
 * Tokens of service accounts: made for `kubectl create token` and for whoever mounts one, and read back in requests and reviews. They have
 * the form of a real server's (a JWT with its claims); the signature is this process' own, so tokens end with it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '@sluice/kernel';
import { randomInt } from '@sluice/kernel';
import type { UserInfo } from '../request/user.ts';

export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Who a token is for besides the API: what it is for when nobody says. */
export const API_AUDIENCE = 'https://kubernetes.default.svc';

export type ReadToken =
  | { readonly kind: 'user'; readonly user: UserInfo; readonly audiences: readonly string[]; readonly subject: TokenSubject }
  | { readonly kind: 'refused'; readonly why: string };

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly sub: string;
  readonly 'kubernetes.io': { readonly namespace: string; readonly serviceaccount: { readonly name: string; readonly uid: string } };
}

export class TokenBook {
  readonly #clock: Clock;
  readonly #random: Random;
  #key: Buffer | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @param seconds how long it lasts */
  make(subject: TokenSubject, audiences: readonly string[], seconds: number): string {
    const now = Math.floor(this.#clock.wallTime() / 1000);
    const { namespace, name, uid } = subject;
    const claims: Claims = {
      aud: audiences.length > 0 ? audiences : [API_AUDIENCE],
      exp: now + seconds,
      iat: now,
      iss: API_AUDIENCE,
      sub: `system:serviceaccount:${namespace}:${name}`,
      'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    };
    const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** @param wanted audiences of which it must have one; empty: the API's own */
  read(token: string, wanted: readonly string[]): ReadToken {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const found = Buffer.from(signature);
    if (found.length !== expected.length || !timingSafeEqual(found, expected)) return { kind: 'refused', why: 'invalid bearer token' };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
    if (claims.exp * 1000 <= this.#clock.wallTime()) return { kind: 'refused', why: '[invalid bearer token, service account token has expired]' };
    const targets = wanted.length > 0 ? wanted : [API_AUDIENCE];
    const audiences = claims.aud.filter((one) => targets.includes(one));
    if (audiences.length === 0) {
      return { kind: 'refused', why: `[invalid bearer token, token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(targets)}]` };
    }
    const { namespace, serviceaccount } = claims['kubernetes.io'];
    const user = { username: claims.sub, uid: serviceaccount.uid, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] };
    return { kind: 'user', user, audiences, subject: { namespace, ...serviceaccount } };
  }

  #sign(text: string): string {
    // Made when first needed: a server on which nobody asks for tokens makes the same names and uids as before.
    this.#key ??= Buffer.from(Array.from({ length: 32 }, () => randomInt(this.#random, 256)));
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
