/** SPIFFE's rules for certificates: a name of a domain counts when the roots of that domain vouch for it. */
import type { X509Certificate } from 'node:crypto';
import { chainLeadsTo } from './certificate-chain.ts';
import { subjectNamesOf } from './subject-names.ts';

/** The roots of each domain, by its name in lower case. */
export type TrustDomains = ReadonlyMap<string, readonly X509Certificate[]>;

const scheme = 'spiffe://';

/** What stands against a certificate; undefined for a good one. Its signatures have been looked at as if all roots were one's. */
export function spiffeFault(domains: TrustDomains, certificate: X509Certificate): string | undefined {
  if (certificate.ca) return 'the certificate is an authority’s';
  const ids = subjectNamesOf(certificate).filter(({ type, value }) => type === 'URI' && value.toLowerCase().startsWith(scheme));
  const [id] = ids;
  if (!id || ids.length > 1) return `the certificate has ${ids.length} SPIFFE names, must have one`;
  const domain = domainOf(id.value);
  const roots = domains.get(domain);
  if (!roots) return `nobody is trusted to vouch for ${domain}`;
  return chainLeadsTo(certificate, roots) ? undefined : `those that vouch for ${domain} have not vouched for it`;
}

function domainOf(id: string): string {
  const end = id.indexOf('/', scheme.length);
  return (end === -1 ? id.slice(scheme.length) : id.slice(scheme.length, end)).toLowerCase();
}
