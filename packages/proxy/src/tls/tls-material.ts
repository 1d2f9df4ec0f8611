/** Certificates, keys and roots, read out of where a resource says they are. */
import { createHash, X509Certificate } from 'node:crypto';
import type { TlsIdentity } from '@sluice/kernel';
import type { CertificateValidationContext, TlsCertificate } from '@sluice/resources';
import type { DataFiles, Report } from './data-files.ts';
import type { TrustDomains } from './spiffe.ts';

/** A certificate as dumps show it. */
export interface ShownCertificate {
  /** Where it is from: a file's path, or `<inline>`. */
  readonly path: string;
  readonly certificate: X509Certificate;
}

export interface IdentityMaterial {
  readonly identity: TlsIdentity;
  readonly leaf: X509Certificate;
  readonly chain: readonly ShownCertificate[];
  readonly version: string;
}

export interface RootMaterial {
  readonly trustedCa: string | undefined;
  readonly crl: string | undefined;
  readonly roots: readonly ShownCertificate[];
  /** Who may vouch for which names; absent where roots may for all. */
  readonly domains?: TrustDomains;
  readonly version: string;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export function readIdentity(certificate: TlsCertificate, path: string, files: DataFiles, report: Report): IdentityMaterial | undefined {
  const { certificateChain, privateKey, password, ocspStaple } = certificate;
  const chainText = files.text(certificateChain, `${path}.certificate_chain`, report);
  const key = files.text(privateKey, `${path}.private_key`, report);
  const word = password && files.text(password, `${path}.password`, report);
  const staple = ocspStaple && files.bytes(ocspStaple, `${path}.ocsp_staple`, report);
  if (chainText === undefined || key === undefined) return undefined;
  const chain = readCertificates(chainText, placeOf(certificateChain), `${path}.certificate_chain`, report);
  const leaf = chain?.[0]?.certificate;
  if (!chain || !leaf) return undefined;
  const identity: TlsIdentity = { certificateChain: chainText, privateKey: key, password: word, ocspStaple: staple };
  return { identity, leaf, chain, version: hash(chainText, key, word ?? '', staple ?? '') };
}

export function readRoots(context: CertificateValidationContext, path: string, files: DataFiles, report: Report): RootMaterial | undefined {
  if (context.trustDomains.length > 0) return readDomains(context, path, files, report);
  const { trustedCa, crl } = context;
  const caText = trustedCa && files.text(trustedCa, `${path}.trusted_ca`, report);
  const crlText = crl && files.text(crl, `${path}.crl`, report);
  if ((trustedCa && caText === undefined) || (crl && crlText === undefined)) return undefined;
  const roots = trustedCa && caText !== undefined ? readCertificates(caText, placeOf(trustedCa), `${path}.trusted_ca`, report) : [];
  if (!roots) return undefined;
  if (crlText !== undefined && !crlText.includes('-----BEGIN X509 CRL-----')) report(`${path}.crl`, 'holds no list of revoked certificates in PEM');
  return { trustedCa: caText, crl: crlText, roots, version: hash(caText ?? '', crlText ?? '', JSON.stringify(settingsOf(context))) };
}

/** Of several domains: the library takes all roots as one's, and whose they are is looked at afterwards. `trusted_ca` has no say then, as in Envoy. */
function readDomains(context: CertificateValidationContext, path: string, files: DataFiles, report: Report): RootMaterial | undefined {
  const domains = new Map<string, readonly X509Certificate[]>();
  const texts: string[] = [];
  const roots: ShownCertificate[] = [];
  for (const [index, { name, bundle }] of context.trustDomains.entries()) {
    const at = `${path}.custom_validator_config.typed_config.trust_domains[${index}].trust_bundle`;
    const text = files.text(bundle, at, report);
    const found = text === undefined ? undefined : readCertificates(text, placeOf(bundle), at, report);
    if (text === undefined || !found) return undefined;
    domains.set(name, found.map(({ certificate }) => certificate));
    texts.push(text);
    roots.push(...found);
  }
  const crl = context.crl && files.text(context.crl, `${path}.crl`, report);
  if (context.crl && crl === undefined) return undefined;
  return { trustedCa: texts.join('\n'), crl, roots, domains, version: hash(...texts, crl ?? '', JSON.stringify(settingsOf({ ...context, trustDomains: [] }))) };
}

/** At least one, or undefined and a report. */
function readCertificates(text: string, place: string, path: string, report: Report): readonly ShownCertificate[] | undefined {
  const pems = text.match(pemCertificate) ?? [];
  if (pems.length === 0) {
    report(path, 'holds no certificate in PEM');
    return undefined;
  }
  const shown: ShownCertificate[] = [];
  for (const [index, pem] of pems.entries()) {
    try {
      shown.push({ path: place, certificate: new X509Certificate(pem) });
    } catch (reason) {
      report(path, `holds a certificate (${index + 1} of ${pems.length}) that is none: ${(reason as Error).message}`);
      return undefined;
    }
  }
  return shown;
}

function placeOf(source: TlsCertificate['certificateChain']): string {
  return source.kind === 'file' ? source.path : '<inline>';
}

/** What of a validation context is no data source. */
function settingsOf(context: CertificateValidationContext): unknown {
  return { ...context, trustedCa: undefined, crl: undefined };
}

export function hash(...parts: readonly (string | Uint8Array)[]): string {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(`${part.length}:`).update(part);
  return digest.digest('hex').slice(0, 32);
}
