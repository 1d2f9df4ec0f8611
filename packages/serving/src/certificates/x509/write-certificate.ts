/**
 * Certificates of version 3, as far as servers need them: written by an authority whose key is at hand. RFC 5280.
 * What is by chance (serial numbers, keys) is given in.
 */
import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { bitString, boolean, elementAt, integer, nothing, numbered, objectIdentifier, octetString, sequence, set, time, utf8 } from './der.ts';

export interface CertificateFacts {
  /** 16 bytes or so, by chance: RFC 5280 section 4.1.2.2. */
  readonly serialNumber: Buffer;
  /** In ms since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Of whom it speaks. */
  readonly publicKey: KeyObject;
}

export interface SigningAuthority {
  /** PEM; the authority's own certificate first. */
  readonly certificate: string;
  readonly privateKey: KeyObject;
}

/** DNS names that certificates may be for. The first is the subject's, too, where it is short enough. @returns PEM */
export function writeServerCertificate(facts: CertificateFacts, dnsNames: readonly string[], authority: SigningAuthority): string {
  const issuer = readAuthority(authority.certificate);
  const [first = ''] = dnsNames;
  const subject = first.length <= commonNameMax ? name(first) : sequence();
  const names = sequence(...dnsNames.map((dns) => numbered(2, Buffer.from(dns, 'latin1'), false)));
  return write(facts, issuer.subject, subject, authority.privateKey, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.14', false, octetString(keyIdentifier(facts.publicKey))),
    ...(issuer.keyIdentifier === undefined ? [] : [extension('2.5.29.35', false, sequence(numbered(0, issuer.keyIdentifier, false)))]),
    // Without a subject the names are all there is: RFC 5280 section 4.2.1.6.
    extension('2.5.29.17', first.length > commonNameMax, names),
  ]);
}

/** The certificate of an authority that vouches for itself. @returns PEM */
export function writeAuthorityCertificate(facts: CertificateFacts, commonName: string, privateKey: KeyObject): string {
  const own = name(commonName);
  return write(facts, own, own, privateKey, [
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.15', true, bitString(Buffer.from([0x06]), 1)),
    extension('2.5.29.14', false, octetString(keyIdentifier(facts.publicKey))),
  ]);
}

/** RFC 5280 appendix A.1, `ub-common-name`. */
const commonNameMax = 64;

function write(facts: CertificateFacts, issuer: Buffer, subject: Buffer, privateKey: KeyObject, extensions: readonly Buffer[]): string {
  const algorithm = signatureAlgorithm(privateKey);
  const statement = sequence(
    numbered(0, integer(Buffer.from([2])), true),
    integer(facts.serialNumber),
    algorithm.identifier,
    issuer,
    sequence(time(facts.notBeforeMs), time(facts.notAfterMs)),
    subject,
    facts.publicKey.export({ type: 'spki', format: 'der' }),
    numbered(3, sequence(...extensions), true),
  );
  const der = sequence(statement, algorithm.identifier, bitString(sign(algorithm.hash, statement, privateKey)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function signatureAlgorithm(key: KeyObject): { readonly identifier: Buffer; readonly hash: string | null } {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return { identifier: sequence(objectIdentifier('1.2.840.10045.4.3.2')), hash: 'sha256' };
    case 'rsa':
      return { identifier: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing()), hash: 'sha256' };
    case 'ed25519':
      return { identifier: sequence(objectIdentifier('1.3.101.112')), hash: null };
    default:
      throw new Error(`authority not usable: its key is of type ${key.asymmetricKeyType}, want ec, rsa or ed25519`);
  }
}

function extension(identifier: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(identifier), ...(isCritical ? [boolean(true)] : []), octetString(value));
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8(commonName))));
}

/** The hash of the key's bits, as RFC 5280 section 4.2.1.2 proposes. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const outer = elementAt(der, 0);
  const algorithm = outer && elementAt(der, outer.start);
  const bits = algorithm && elementAt(der, algorithm.end);
  return createHash('sha1').update(bits ? der.subarray(bits.start + 1, bits.end) : der).digest();
}

/** An issuer is named by the very bytes of its subject, and its key by what its own certificate says. */
function readAuthority(pem: string): { readonly subject: Buffer; readonly keyIdentifier: Buffer | undefined } {
  const { raw } = new X509Certificate(pem);
  const outer = elementAt(raw, 0);
  const statement = outer && elementAt(raw, outer.start);
  let offset = statement?.start ?? 0;
  // Version, serial number, algorithm, issuer, validity, and then the subject.
  for (let skipped = 0; skipped < 5; skipped += 1) offset = elementAt(raw, offset)?.end ?? raw.length;
  const subject = elementAt(raw, offset);
  if (!subject) throw new Error('authority not usable: its certificate names no subject');
  const marker = objectIdentifier('2.5.29.14');
  const found = raw.indexOf(marker);
  const wrapped = found < 0 ? undefined : elementAt(raw, found + marker.length);
  const inner = wrapped && elementAt(raw, wrapped.start);
  return { subject: raw.subarray(offset, subject.end), keyIdentifier: inner && raw.subarray(inner.start, inner.end) };
}
