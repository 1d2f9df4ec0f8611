/** Whether a chain of certificates leads to one that is trusted, signature by signature. */
import type { X509Certificate } from 'node:crypto';

/** Longer chains are no chains. */
export const chainMax = 101;

export function chainLeadsTo(certificate: X509Certificate, anchors: readonly X509Certificate[]): boolean {
  let at = certificate;
  for (let depth = 0; depth < chainMax; depth += 1) {
    const current = at;
    if (anchors.some((anchor) => anchor.fingerprint256 === current.fingerprint256)) return true;
    if (anchors.some((anchor) => hasIssued(anchor, current))) return true;
    const issuer = current.issuerCertificate;
    if (!issuer || issuer === current || !hasIssued(issuer, current)) return false;
    at = issuer;
  }
  return false;
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
