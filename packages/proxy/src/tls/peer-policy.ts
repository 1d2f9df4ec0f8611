/**
 * Whether a peer's certificate will do. The chain was looked at by the TLS library during the handshake; names, pins and
 * what is let pass all the same are decided here, in Envoy's order.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { TlsFacts } from '@sluice/kernel';
import type { SanType } from '@sluice/resources';
import type { StringTest } from '../router/string-test.ts';
import { chainLeadsTo, chainMax } from './certificate-chain.ts';
import { spiffeFault, type TrustDomains } from './spiffe.ts';
import { isDnsNameFor, subjectNamesOf, type SubjectName } from './subject-names.ts';

export interface PeerRules {
  /** Chains must lead to what the context trusts. */
  readonly checksChain: boolean;
  readonly names: readonly NameRule[];
  readonly spkiPins: ReadonlySet<string>;
  readonly certificateHashes: ReadonlySet<string>;
  readonly allowsExpired: boolean;
  readonly acceptsUntrusted: boolean;
  /** Intermediates. */
  readonly depthMax: number;
  /** What chains may lead to, for the rare case in which they are looked at here. */
  readonly anchors: readonly X509Certificate[];
  /** Whom chains must lead to by the names they are for (SPIFFE). Absent: any anchor will do. */
  readonly trustDomains?: TrustDomains;
}

export interface NameRule {
  /** Undefined: any. */
  readonly type: SanType | undefined;
  readonly test: StringTest;
  /** The name itself, where it is compared as a whole: DNS names are then compared as such, with wildcards. */
  readonly exactly: string | undefined;
}

export type PeerVerdict =
  | { readonly kind: 'good' }
  /** Let pass, though it is not. */
  | { readonly kind: 'untrusted' }
  | { readonly kind: 'bad'; readonly fault: PeerFault; readonly detail: string };

/** As Envoy counts them. */
export type PeerFault = 'fail_verify_error' | 'fail_verify_san' | 'fail_verify_cert_hash' | 'fail_verify_no_cert';

const good: PeerVerdict = { kind: 'good' };
const untrusted: PeerVerdict = { kind: 'untrusted' };

/** Faults that are about time alone. */
const expiryFaults = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** `serverName`: the certificate must be for this name as well. */
export function judgePeer(rules: PeerRules, facts: TlsFacts, serverName?: string): PeerVerdict {
  const certificate = facts.peerCertificate;
  if (!certificate) return bad('fail_verify_no_cert', 'the peer has shown no certificate');
  const verdict = judge(rules, facts, certificate, serverName);
  return verdict.kind === 'bad' && rules.acceptsUntrusted ? untrusted : verdict;
}

function judge(rules: PeerRules, { chainFault }: TlsFacts, certificate: X509Certificate, serverName: string | undefined): PeerVerdict {
  if (rules.checksChain && chainFault !== undefined && !isForgiven(rules, chainFault, certificate)) {
    return bad('fail_verify_error', `verify cert failed: ${chainFault.toLowerCase().replaceAll('_', ' ')}`);
  }
  if (rules.checksChain && depthOf(certificate) > rules.depthMax) return bad('fail_verify_error', 'verify cert failed: certificate chain too long');
  const fault = rules.trustDomains && spiffeFault(rules.trustDomains, certificate);
  if (fault !== undefined) return bad('fail_verify_error', `verify cert failed: ${fault}`);
  const names = subjectNamesOf(certificate);
  if (serverName !== undefined && !names.some((name) => isFor(name, serverName))) {
    return bad('fail_verify_san', `verify SAN list: none is for ${serverName}`);
  }
  if (rules.names.length > 0 && !names.some((name) => rules.names.some((rule) => matches(rule, name)))) {
    return bad('fail_verify_san', 'verify SAN list: none matches');
  }
  if (rules.spkiPins.size + rules.certificateHashes.size > 0 && !isPinned(rules, certificate)) {
    return bad('fail_verify_cert_hash', 'verify certificate hash: none matches');
  }
  return good;
}

function bad(fault: PeerFault, detail: string): PeerVerdict {
  return { kind: 'bad', fault, detail };
}

function matches({ type, test, exactly }: NameRule, name: SubjectName): boolean {
  if (type !== undefined && type !== name.type) return false;
  return name.type === 'DNS' && exactly !== undefined ? isDnsNameFor(name.value, exactly) : test(name.value);
}

function isFor({ type, value }: SubjectName, wanted: string): boolean {
  return type === 'DNS' ? isDnsNameFor(value, wanted) : value === wanted;
}

function isPinned({ spkiPins, certificateHashes }: PeerRules, certificate: X509Certificate): boolean {
  if (certificateHashes.size > 0 && certificateHashes.has(createHash('sha256').update(certificate.raw).digest('hex'))) return true;
  if (spkiPins.size === 0) return false;
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return spkiPins.has(createHash('sha256').update(spki).digest('base64'));
}

/** Certificates between the first and one that issued itself. */
function depthOf(certificate: X509Certificate): number {
  let depth = 0;
  for (let at = certificate.issuerCertificate; at && at.subject !== at.issuer && depth < chainMax; at = at.issuerCertificate) depth += 1;
  return depth;
}

/**
 * The library reports the last fault of a chain, so that one about time may stand for a worse one: signatures are looked
 * at again, up to what is trusted.
 */
function isForgiven({ allowsExpired, anchors }: PeerRules, fault: string, certificate: X509Certificate): boolean {
  if (!allowsExpired || !expiryFaults.has(fault)) return false;
  return chainLeadsTo(certificate, anchors);
}
