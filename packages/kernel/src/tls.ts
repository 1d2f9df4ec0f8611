/**
 * TLS as the data path uses it: contexts made of certificates and keys, and handshakes that end in a `Connection` like
 * any other. A handshake that comes about says nothing about who the peer is: whether its certificate will do is for
 * the handler to decide in `onOpen`, before it reads or writes.
 */
import type { Buffer } from 'node:buffer';
import type { X509Certificate } from 'node:crypto';

/** What a context is made of. All texts are PEM. */
export interface TlsContextSettings {
  readonly side: 'client' | 'server';
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Of TLS 1.2, in OpenSSL's words; empty leaves it to the implementation. */
  readonly cipherSuites: readonly string[];
  readonly curves: readonly string[];
  readonly signatureAlgorithms: readonly string[];
  /** Our order of ciphers counts. Servers only. */
  readonly prefersOwnCiphers: boolean;
  readonly identity: TlsIdentity | undefined;
  /** What chains must lead to; a certificate in it that is no root will do as well. */
  readonly trustedCa: string | undefined;
  readonly usesSystemRoots: boolean;
  readonly crl: string | undefined;
  /** Servers only: how sessions are taken up again. Undefined: not at all. */
  readonly sessions: TlsServerSessions | undefined;
}

export interface TlsIdentity {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly password: string | undefined;
  /** DER, about the certificate. */
  readonly ocspStaple: Uint8Array | undefined;
}

export interface TlsServerSessions {
  /** Sessions are taken up again only where this text is the same. */
  readonly scope: string;
  /** Each of at least 80 bytes; the first is used for new tickets. Empty: a key that this process has made for itself. */
  readonly ticketKeys: readonly Uint8Array[];
  /** In seconds. Undefined: 7200, OpenSSL's. */
  readonly timeoutSeconds: number | undefined;
}

/** Made once, used for many handshakes. */
export interface TlsContext {
  readonly settings: TlsContextSettings;
}

export interface TlsAcceptOptions {
  /** For clients that ask for no name, and for all where `contextFor` is absent. */
  readonly context: TlsContext;
  readonly contextFor?: ((serverName: string) => TlsContext) | undefined;
  /** Most preferred first. A client that offers only others is turned away (RFC 7301 3.2); empty: none is spoken of. */
  readonly alpnProtocols: readonly string[];
  /** `required`: without one the handshake fails. */
  readonly clientCertificate: 'not-asked' | 'asked' | 'required';
  /** What has been read of the connection already. */
  readonly firstBytes?: Buffer | undefined;
}

export interface TlsConnectOptions {
  readonly context: TlsContext;
  /** Asked for; empty asks for none. */
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
  /** Sent as it is before the handshake begins, as PROXY headers are. Absent: nothing. */
  readonly preamble?: Buffer | undefined;
  /** A session to take up again, as given to `onSession`. */
  readonly session?: Buffer | undefined;
  /** A session that can be taken up again later; perhaps several times, as long as the connection is open. */
  readonly onSession?: ((session: Buffer) => void) | undefined;
}

/** What came of a handshake. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** `TLS_AES_128_GCM_SHA256`, `ECDHE-RSA-AES128-GCM-SHA256` */
  readonly cipher: string;
  /** Empty when nothing was agreed. */
  readonly alpnProtocol: string;
  /** What the client asked for; empty when it did not. */
  readonly serverName: string;
  readonly isResumed: boolean;
  /** In hex; empty where there is none. */
  readonly sessionId: string;
  /** With its issuers, as far as the peer has sent them. */
  readonly peerCertificate: X509Certificate | undefined;
  readonly localCertificate: X509Certificate | undefined;
  /** Why the peer's chain leads to nothing trusted, in OpenSSL's word: `CERT_HAS_EXPIRED`. Undefined when it does, or nobody asked. */
  readonly chainFault: string | undefined;
}
