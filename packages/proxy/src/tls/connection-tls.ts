/** What streams can know of the TLS they came by: for headers, logs and filters. Looked up once, when somebody asks. */
import type { TlsFacts } from '@sluice/kernel';
import { CertificateFacts } from './certificate-facts.ts';

export class ConnectionTls {
  readonly version: string;
  readonly cipher: string;
  readonly sessionId: string;
  readonly alpnProtocol: string;
  /** The client's certificate was looked at, and is good. */
  readonly isPeerValidated: boolean;
  /** Undefined when the client has shown none. */
  readonly peer: CertificateFacts | undefined;
  readonly #facts: TlsFacts;
  #local: CertificateFacts | undefined;

  constructor(facts: TlsFacts, isPeerValidated: boolean, asksForCertificates: boolean) {
    this.#facts = facts;
    this.version = facts.version;
    this.cipher = facts.cipher;
    this.sessionId = facts.sessionId;
    this.alpnProtocol = facts.alpnProtocol;
    this.isPeerValidated = isPeerValidated;
    // Asked for now: once the connection is closed the library has forgotten it.
    this.peer = asksForCertificates && facts.peerCertificate ? new CertificateFacts(facts.peerCertificate) : undefined;
  }

  /** Our own certificate, as this client was shown it. */
  get local(): CertificateFacts | undefined {
    const certificate = this.#local ? undefined : this.#facts.localCertificate;
    if (certificate) this.#local = new CertificateFacts(certificate);
    return this.#local;
  }
}
