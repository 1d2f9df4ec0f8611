/** Certificates for tests, made when they are needed: an authority, and who it vouches for. */
import { webcrypto } from 'node:crypto';
// oxlint-disable-next-line import/no-unassigned-import -- the library below asks for it, and it has nothing to import
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
  type JsonGeneralName,
  type X509Certificate,
} from '@peculiar/x509';

export interface TestCertificate {
  /** PEM: the certificate, and the intermediate that signed it where one did. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly serialNumber: string;
}

export interface CertificateWishes {
  readonly dns?: readonly string[];
  readonly uri?: readonly string[];
  readonly ip?: readonly string[];
  readonly email?: readonly string[];
  /** Default `CN=<first dns name or test>`. */
  readonly subject?: string;
  /** In days from now; negative ones are over. Default -1 and 30. */
  readonly fromDays?: number;
  readonly toDays?: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const crypto = webcrypto as Crypto;
const dayMs = 86_400_000;

export class TestAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly #name: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #own: X509Certificate;
  /** What stands behind a leaf: the intermediates between it and the root. */
  readonly #chain: string;
  #serial = 100;

  private constructor(name: string, keys: webcrypto.CryptoKeyPair, own: X509Certificate, chain: string) {
    this.#name = name;
    this.#keys = keys;
    this.#own = own;
    this.#chain = chain;
    this.certificate = pem(own);
  }

  static async create(name = 'CN=test root'): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const own = await X509CertificateGenerator.createSelfSigned({
      ...validity({}),
      serialNumber: '01',
      name,
      keys,
      signingAlgorithm: algorithm,
      extensions: [new BasicConstraintsExtension(true, undefined, true), await SubjectKeyIdentifierExtension.create(keys.publicKey)],
    }, crypto);
    return new TestAuthority(name, keys, own, '');
  }

  /** An authority under this one; its leaves bring it along. */
  async intermediate(name = 'CN=test intermediate'): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const own = await this.#sign(name, keys.publicKey, {}, [new BasicConstraintsExtension(true, undefined, true)]);
    return new TestAuthority(name, keys, own, pem(own));
  }

  async issue(wishes: CertificateWishes = {}): Promise<TestCertificate> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const names: JsonGeneralName[] = [
      ...(wishes.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(wishes.uri ?? []).map((value) => ({ type: 'url' as const, value })),
      ...(wishes.ip ?? []).map((value) => ({ type: 'ip' as const, value })),
      ...(wishes.email ?? []).map((value) => ({ type: 'email' as const, value })),
    ];
    const subject = wishes.subject ?? `CN=${wishes.dns?.[0] ?? 'test'}`;
    const certificate = await this.#sign(subject, keys.publicKey, wishes, [
      new BasicConstraintsExtension(false, undefined, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ]);
    const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return {
      certificate: pem(certificate) + this.#chain,
      privateKey: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`,
      serialNumber: certificate.serialNumber,
    };
  }

  /** Says which of its certificates are not good any more. PEM. */
  async revoke(...serialNumbers: readonly string[]): Promise<string> {
    const crl = await X509CrlGenerator.create({
      issuer: this.#name,
      thisUpdate: new Date(Date.now() - dayMs),
      nextUpdate: new Date(Date.now() + 30 * dayMs),
      signingAlgorithm: algorithm,
      signingKey: this.#keys.privateKey,
      entries: serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate: new Date(Date.now() - dayMs), reason: X509CrlReason.keyCompromise })),
    }, crypto);
    return `${PemConverter.encode(crl.rawData, 'X509 CRL')}\n`;
  }

  async #sign(subject: string, publicKey: CryptoKey, wishes: CertificateWishes, extensions: NonNullable<Parameters<typeof X509CertificateGenerator.create>[0]['extensions']>): Promise<X509Certificate> {
    this.#serial += 1;
    return X509CertificateGenerator.create({
      ...validity(wishes),
      serialNumber: this.#serial.toString(16).padStart(4, '0'),
      subject,
      issuer: this.#own.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [...extensions, await AuthorityKeyIdentifierExtension.create(this.#own, false, crypto)],
    }, crypto);
  }
}

function validity({ fromDays = -1, toDays = 30 }: CertificateWishes): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() + fromDays * dayMs), notAfter: new Date(Date.now() + toDays * dayMs) };
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
