/** A port that speaks TLS and HTTP/2 as a config service does, and notes who came and what was asked for. */
import { createSecureServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface GuardedServiceTls {
  readonly certificate: string;
  readonly privateKey: string;
  /** Clients must show a certificate of it; absent: they are not asked. */
  readonly clientAuthority?: string;
}

export interface AskedStream {
  /** The gRPC method. */
  readonly path: string;
  /** The common name in the client's certificate; undefined where it showed none. */
  readonly client: string | undefined;
}

export class GuardedService {
  readonly streams: AskedStream[] = [];
  /** Connections that ended before anything was asked for, at whichever end. */
  refusals = 0;
  readonly #server: ReturnType<typeof createSecureServer>;
  readonly #sessions = new Set<Http2Session>();

  private constructor(tls: GuardedServiceTls) {
    this.#server = createSecureServer({ ...contextOf(tls), requestCert: tls.clientAuthority !== undefined, rejectUnauthorized: true });
    this.#server.on('tlsClientError', () => (this.refusals += 1));
    this.#server.on('session', (session) => {
      const before = this.streams.length;
      this.#sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => {
        this.#sessions.delete(session);
        if (this.streams.length === before) this.refusals += 1;
      });
    });
    this.#server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const peer = (stream.session?.socket as TLSSocket | undefined)?.getPeerCertificate();
      const name = peer?.subject?.CN;
      this.streams.push({ path: String(headers[':path']), client: Array.isArray(name) ? name[0] : name });
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    });
  }

  static async start(tls: GuardedServiceTls): Promise<GuardedService> {
    const service = new GuardedService(tls);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Becomes another, to whom everybody has to come anew. */
  become(tls: GuardedServiceTls): void {
    this.#server.setSecureContext(contextOf(tls));
    this.#cut();
  }

  stop(): void {
    this.#server.close();
    this.#cut();
  }

  #cut(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

function contextOf({ certificate, privateKey, clientAuthority }: GuardedServiceTls) {
  return { cert: certificate, key: privateKey, ...(clientAuthority === undefined ? {} : { ca: clientAuthority }) };
}
