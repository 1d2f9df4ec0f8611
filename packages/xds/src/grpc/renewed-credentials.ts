/** A server's certificates that may be exchanged while it listens: connections that are there stay, and new ones get what is newest. */
import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** How a server shows who it is, and whether clients must; all PEM. */
export interface ServerTls {
  readonly certificateChain: string;
  readonly privateKey: string;
  /** Whoever has a certificate of one of these may connect, and nobody else. Absent: clients show none. */
  readonly clientCertificateAuthorities?: string;
}

export class RenewedCredentials extends ServerCredentials {
  readonly #asksClients: boolean;

  constructor(tls: ServerTls) {
    const asksClients = tls.clientCertificateAuthorities !== undefined;
    super({ requestCert: asksClients }, contextOf(tls));
    this.#asksClients = asksClients;
  }

  /** @throws when it cannot be used, and then what was there stays */
  renew(tls: ServerTls): void {
    if ((tls.clientCertificateAuthorities !== undefined) !== this.#asksClients) throw new Error('whether clients are asked for certificates cannot change while a server listens');
    const context = contextOf(tls);
    // The library would take one that is no good, and drop every connection from then on.
    createSecureContext(context);
    this.updateSecureContextOptions(context);
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ certificateChain, privateKey, clientCertificateAuthorities }: ServerTls) {
  return { cert: certificateChain, key: privateKey, ...(clientCertificateAuthorities === undefined ? {} : { ca: clientCertificateAuthorities }) };
}
