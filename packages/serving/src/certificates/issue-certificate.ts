/** When a certificate is made, for how long it holds, and whether the one at hand will do. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { pairProblem } from '../model/certificate-pair.ts';
import { writeAuthorityCertificate, writeServerCertificate, type SigningAuthority } from './x509/write-certificate.ts';

export type { SigningAuthority } from './x509/write-certificate.ts';

const dayMs = 86_400_000;

/** 90 days, as Let's Encrypt's and cert-manager's: what is renewed often is known to be renewed. */
const lifeMs = 90 * dayMs;
/** The last third, as cert-manager's. */
const renewBeforeMs = 30 * dayMs;
/** Clocks differ. */
const backdatedMs = 3_600_000;
/** Ten years: whoever trusts it has put it somewhere by hand. */
const authorityLifeMs = 3650 * dayMs;

/** A key and what it is certified for, in PEM. */
export interface Pair {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** What is by chance. */
export interface Ingredients {
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly serialNumber: Buffer;
}

export function issuePair(dnsNames: readonly string[], authority: SigningAuthority, { keys, serialNumber }: Ingredients, nowMs: number): Pair {
  const facts = { serialNumber, notBeforeMs: nowMs - backdatedMs, notAfterMs: nowMs + lifeMs, publicKey: keys.publicKey };
  const certificate = writeServerCertificate(facts, dnsNames, authority);
  // A root is known to whoever trusts it; one that another vouches for must be brought along.
  const chain = isSelfSigned(authority.certificate) ? certificate : certificate + authority.certificate;
  return { certificateChain: chain, privateKey: pemOf(keys.privateKey) };
}

export function makeAuthorityPair({ keys, serialNumber }: Ingredients, nowMs: number): Pair {
  const facts = { serialNumber, notBeforeMs: nowMs - backdatedMs, notAfterMs: nowMs + authorityLifeMs, publicKey: keys.publicKey };
  return { certificateChain: writeAuthorityCertificate(facts, 'Sluice local authority', keys.privateKey), privateKey: pemOf(keys.privateKey) };
}

/** An authority as a Secret holds it, or why it can be none. */
export function readAuthority(pair: Pair): SigningAuthority | string {
  const problem = pairProblem(pair);
  if (problem) return `${problem.path} ${problem.message}`;
  if (!new X509Certificate(pair.certificateChain).ca) return 'data["tls.crt"] is no authority’s';
  return { certificate: pair.certificateChain, privateKey: createPrivateKey(pair.privateKey) };
}

export type PairVerdict =
  /** It will do, until it is to be renewed. */
  | { readonly kind: 'good'; readonly notAfterMs: number; readonly renewAtMs: number }
  /** Another is to be made. `notAfterMs` while this one still serves. */
  | { readonly kind: 'renew'; readonly why: string };

export function judgePair(pair: Pair | undefined, dnsNames: readonly string[], authority: SigningAuthority, nowMs: number): PairVerdict {
  if (pair === undefined) return { kind: 'renew', why: 'there is none' };
  const problem = pairProblem(pair);
  if (problem) return { kind: 'renew', why: `${problem.path} ${problem.message}` };
  const certificate = new X509Certificate(pair.certificateChain);
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice('DNS:'.length));
  if (names.toSorted().join(' ') !== [...dnsNames].sort().join(' ')) return { kind: 'renew', why: 'it is for other names' };
  const signer = new X509Certificate(authority.certificate);
  if (!certificate.checkIssued(signer) || !certificate.verify(signer.publicKey)) return { kind: 'renew', why: 'another authority has signed it' };
  const notAfterMs = certificate.validToDate.getTime();
  const renewAtMs = notAfterMs - renewBeforeMs;
  return nowMs >= renewAtMs ? { kind: 'renew', why: 'it ends soon' } : { kind: 'good', notAfterMs, renewAtMs };
}

function isSelfSigned(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}
