/**
 * What is to be done about the certificates in the Secret, by what it holds and what time it is. Pure.
 *
 *     nothing ──make-authority──► an authority ──issue──► good
 *     good ──the authority grows old──make-authority──► two authorities ──the new one is trusted everywhere──issue──► good
 *     good ──the certificate grows old──issue──► good
 *
 * A new authority is named beside the old one until the old one is over, and signs nothing that is served before it is trusted: at no moment is a
 * certificate served that an API server has reason to refuse.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** Texts in PEM. Whatever is missing or cannot be read is replaced. */
export interface CertificateData {
  /** Authorities that are to be trusted, the newest first. */
  readonly 'ca.crt'?: string;
  /** The key of the newest. */
  readonly 'ca.key'?: string;
  readonly 'tls.crt'?: string;
  readonly 'tls.key'?: string;
}

/** All in ms. */
export interface CertificateTimes {
  /** Default a year; renewed when less than a third is left, which leaves months to notice what is in the way. */
  readonly authorityLifetimeMs: number;
  readonly authorityRenewalMs: number;
  /** Default a week, renewed a day before its end, as Knative does it (`knative.dev/pkg/webhook/certificates`). */
  readonly leafLifetimeMs: number;
  readonly leafRenewalMs: number;
  /** How long a new authority has been in all configurations before it is relied upon: API servers hear of it by a watch. Default 1 min. */
  readonly settleMs: number;
}

const dayMs = 86_400_000;

export const defaultCertificateTimes: CertificateTimes = {
  authorityLifetimeMs: 365 * dayMs,
  authorityRenewalMs: 120 * dayMs,
  leafLifetimeMs: 7 * dayMs,
  leafRenewalMs: dayMs,
  settleMs: 60_000,
};

export type CertificatePlan =
  | { readonly kind: 'make-authority' }
  | { readonly kind: 'issue' }
  /** Nothing until then, in wall ms; or until the newest authority is trusted. */
  | { readonly kind: 'rest'; readonly untilMs: number };

export interface PlanFacts {
  readonly data: CertificateData;
  readonly names: readonly string[];
  readonly nowMs: number;
  /** Whether the newest authority has been in all configurations for long enough. */
  readonly isTrusted: boolean;
  readonly times: CertificateTimes;
}

export function planCertificates({ data, names, nowMs, isTrusted, times }: PlanFacts): CertificatePlan {
  const authorities = readCertificates(data['ca.crt']);
  const [newest] = authorities;
  if (!newest || !isKeyOf(newest, data['ca.key']) || endOf(newest) - nowMs <= times.leafLifetimeMs) return { kind: 'make-authority' };
  const leaf = servedLeaf(data, authorities, names, nowMs);
  if (!leaf) return { kind: 'issue' };
  // The newest authority signs what comes next, once it is trusted; a leaf that is all but over cannot wait for that.
  const isFromNewest = isIssuedBy(leaf, newest);
  const isUrgent = endOf(leaf) - nowMs <= times.leafRenewalMs / 4;
  if (!isFromNewest && (isTrusted || isUrgent)) return { kind: 'issue' };
  if (isFromNewest && endOf(leaf) - nowMs <= times.leafRenewalMs) return { kind: 'issue' };
  if (isFromNewest && endOf(newest) - nowMs <= times.authorityRenewalMs) return { kind: 'make-authority' };
  const dates = [endOf(leaf) - (isFromNewest ? times.leafRenewalMs : times.leafRenewalMs / 4)];
  if (isFromNewest) dates.push(endOf(newest) - times.authorityRenewalMs);
  return { kind: 'rest', untilMs: Math.min(...dates) };
}

/** The certificate and key to serve with, when they are good. */
export function servedPair(data: CertificateData, names: readonly string[], nowMs: number): { readonly certificate: string; readonly key: string } | undefined {
  const { 'tls.crt': certificate, 'tls.key': key } = data;
  if (!certificate || !key || !servedLeaf(data, undefined, names, nowMs)) return undefined;
  return { certificate, key };
}

/** The authorities that are still good, as one text. */
export function bundleOf(data: CertificateData, nowMs: number): string {
  return readCertificates(data['ca.crt'])
    .filter((authority) => endOf(authority) > nowMs)
    .map(String)
    .join('');
}

/** Whether a bundle holds every certificate of another, and nothing that is over. */
export function isCurrent(bundle: string, wanted: string, nowMs: number): boolean {
  const held = readCertificates(bundle);
  const fingerprints = new Set(held.map(({ fingerprint256 }) => fingerprint256));
  return held.every((one) => endOf(one) > nowMs) && readCertificates(wanted).every(({ fingerprint256 }) => fingerprints.has(fingerprint256));
}

/** Those of a text that can be read. */
export function readCertificates(pem = ''): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function servedLeaf(data: CertificateData, authorities: readonly X509Certificate[] | undefined, names: readonly string[], nowMs: number): X509Certificate | undefined {
  const [leaf] = readCertificates(data['tls.crt']);
  if (!leaf || !isKeyOf(leaf, data['tls.key']) || endOf(leaf) <= nowMs) return undefined;
  if (!names.every((name) => leaf.checkHost(name) !== undefined)) return undefined;
  if (authorities && !authorities.some((authority) => isIssuedBy(leaf, authority) && endOf(authority) > nowMs)) return undefined;
  return leaf;
}

function isIssuedBy(leaf: X509Certificate, authority: X509Certificate): boolean {
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
}

function isKeyOf(certificate: X509Certificate, pem = ''): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    return false;
  }
}

function endOf(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}
