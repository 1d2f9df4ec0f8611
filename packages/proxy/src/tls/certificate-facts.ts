/** A certificate in the forms that headers and logs want. Each is made when it is asked for first. */
import { createHash, type X509Certificate } from 'node:crypto';
import { formatSubject, subjectNamesOf, type SubjectName } from './subject-names.ts';

export class CertificateFacts {
  readonly certificate: X509Certificate;
  #names: readonly SubjectName[] | undefined;
  #subject: string | undefined;
  #fingerprint: string | undefined;
  #encodedPem: string | undefined;
  #encodedChain: string | undefined;

  constructor(certificate: X509Certificate) {
    this.certificate = certificate;
  }

  get uriNames(): readonly string[] {
    return this.#namesOf('URI');
  }

  get dnsNames(): readonly string[] {
    return this.#namesOf('DNS');
  }

  /** As RFC 2253 writes it: `CN=a,O=b`. */
  get subject(): string {
    return (this.#subject ??= formatSubject(this.certificate.subject));
  }

  get issuer(): string {
    return formatSubject(this.certificate.issuer);
  }

  /** In lower-case hex. */
  get serialNumber(): string {
    return this.certificate.serialNumber.toLowerCase();
  }

  /** SHA-256 in lower-case hex. */
  get fingerprint256(): string {
    return (this.#fingerprint ??= createHash('sha256').update(this.certificate.raw).digest('hex'));
  }

  /** SHA-1 in lower-case hex. */
  get fingerprint1(): string {
    return createHash('sha1').update(this.certificate.raw).digest('hex');
  }

  get validFrom(): Date {
    return this.certificate.validFromDate;
  }

  get validTo(): Date {
    return this.certificate.validToDate;
  }

  /** PEM, encoded as in URLs. */
  get encodedPem(): string {
    return (this.#encodedPem ??= encodePem(this.certificate));
  }

  /** The same of the certificate and all that came with it. */
  get encodedChain(): string {
    return (this.#encodedChain ??= this.#chain().map(encodePem).join(''));
  }

  #chain(): readonly X509Certificate[] {
    const chain = [this.certificate];
    for (let at = this.certificate.issuerCertificate; at && chain.length < chainMax && !chain.some(({ fingerprint256 }) => fingerprint256 === at?.fingerprint256); at = at.issuerCertificate) chain.push(at);
    return chain;
  }

  #namesOf(wanted: SubjectName['type']): readonly string[] {
    this.#names ??= subjectNamesOf(this.certificate);
    return this.#names.filter(({ type }) => type === wanted).map(({ value }) => value);
  }
}

/** Longer ones are not passed on. */
const chainMax = 16;

function encodePem(certificate: X509Certificate): string {
  return encodeURIComponent(certificate.toString());
}
