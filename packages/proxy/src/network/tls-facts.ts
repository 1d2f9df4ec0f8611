/** What a TLS socket knows after its handshake. Looked up when somebody asks, and then kept. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TlsFacts } from '@sluice/kernel';

/** The parts of a socket's handle that Node gives no public name; `ssl` is what it has always been called. */
interface SocketWithHandle {
  readonly ssl?: { verifyError?(): NodeJS.ErrnoException | null | undefined } | null;
}

export class NodeTlsFacts implements TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly alpnProtocol: string;
  readonly serverName: string;
  readonly isResumed: boolean;
  readonly sessionId: string;
  readonly chainFault: string | undefined;
  readonly #socket: TLSSocket;
  #peerCertificate: X509Certificate | undefined;
  #hasAskedPeer = false;
  #localCertificate: X509Certificate | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.version = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher().name;
    this.alpnProtocol = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '';
    this.serverName = typeof socket.servername === 'string' ? socket.servername : '';
    this.isResumed = socket.isSessionReused();
    this.sessionId = sessionIdOf(socket.getSession());
    this.chainFault = (socket as SocketWithHandle).ssl?.verifyError?.()?.code;
  }

  get peerCertificate(): X509Certificate | undefined {
    if (!this.#hasAskedPeer) {
      this.#hasAskedPeer = true;
      this.#peerCertificate = this.#socket.getPeerX509Certificate();
    }
    return this.#peerCertificate;
  }

  get localCertificate(): X509Certificate | undefined {
    return (this.#localCertificate ??= this.#socket.getX509Certificate());
  }
}

/**
 * The identifier within a session in its ASN.1 form: SEQUENCE { version INTEGER, protocol INTEGER, cipher OCTET STRING,
 * identifier OCTET STRING, … } (OpenSSL's ssl_asn1.c).
 */
function sessionIdOf(session: Buffer | undefined): string {
  if (session?.[0] !== 0x30) return '';
  const lengthByte = session[1] ?? 0;
  let at = lengthByte > 0x80 ? 2 + (lengthByte & 0x7f) : 2;
  for (let skipped = 0; skipped < 3; skipped += 1) at += 2 + (session[at + 1] ?? 0);
  const length = session[at + 1] ?? 0;
  if (session[at] !== 0x04 || length > 32) return '';
  return session.toString('hex', at + 2, at + 2 + length);
}
