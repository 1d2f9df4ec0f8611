/** The transport socket of filter chains that speak TLS. */
import type { Buffer } from 'node:buffer';
import type { Connection, ConnectionHandler, MeshError } from '@sluice/kernel';
import { downstreamTlsContextTypeName, type DownstreamTlsContext } from '@sluice/resources';
import type { ConnectionInfo } from '../downstream/connection-info.ts';
import type { SecureDone, TransportSocket, TransportSocketContext, TransportSocketFactory } from '../downstream/transport-socket.ts';
import { ConnectionTls } from './connection-tls.ts';
import { judgePeer } from './peer-policy.ts';
import type { ServerHandshake, ServerTls } from './server-tls.ts';
import { TlsStatistics } from './tls-statistics.ts';

export const downstreamTlsSocketFactory: TransportSocketFactory = {
  typeName: downstreamTlsContextTypeName,
  create(config: unknown, context: TransportSocketContext): TransportSocket {
    const statistics = new TlsStatistics(context.meter, 'listener', { envoy_listener_address: context.listenerStatPrefix });
    const tls = context.tls.server(config as DownstreamTlsContext, statistics, (path, message) => context.error(path, message));
    return tls ? new DownstreamTlsSocket(tls) : closed;
  },
};

/** In place of one that was refused; it is never used. */
const closed: TransportSocket = {
  secure(connection, _firstBytes, _info, done) {
    connection.destroy();
    done(undefined);
  },
};

class DownstreamTlsSocket implements TransportSocket {
  readonly #tls: ServerTls;

  constructor(tls: ServerTls) {
    this.#tls = tls;
  }

  secure(connection: Connection, firstBytes: Buffer | undefined, info: ConnectionInfo, done: SecureDone): void {
    const handshake = this.#tls.handshake();
    if (!handshake) {
      this.#tls.statistics.secretsNotReady.add();
      connection.destroy();
      done(undefined);
      return;
    }
    const handler = new HandshakeHandler(handshake, this.#tls.statistics, info, done);
    handler.connection = this.#tls.transport.accept(connection, { ...handshake.options, firstBytes }, handler);
  }
}

/** Handles a connection until its handshake is over. */
class HandshakeHandler implements ConnectionHandler {
  connection: Connection | undefined;
  readonly #handshake: ServerHandshake;
  readonly #statistics: TlsStatistics;
  readonly #info: ConnectionInfo;
  readonly #done: SecureDone;

  constructor(handshake: ServerHandshake, statistics: TlsStatistics, info: ConnectionInfo, done: SecureDone) {
    this.#handshake = handshake;
    this.#statistics = statistics;
    this.#info = info;
    this.#done = done;
  }

  onOpen(): void {
    const connection = this.connection as Connection;
    const facts = connection.tls;
    if (!facts) throw new TypeError('a handshake is over, and nothing is known of it');
    const { rules, options } = this.#handshake;
    const verdict = rules && facts.peerCertificate ? judgePeer(rules, facts) : undefined;
    if (verdict?.kind === 'bad') {
      this.#statistics.countFault(verdict.fault);
      // `onClose` follows.
      connection.destroy();
      return;
    }
    this.#statistics.countHandshake(facts);
    if (facts.serverName !== '') this.#info.serverName = facts.serverName.toLowerCase();
    this.#info.transportProtocol = 'tls';
    this.#info.tls = new ConnectionTls(facts, verdict?.kind === 'good', options.clientCertificate !== 'not-asked');
    this.#done(connection);
  }

  /** Nothing is read before `onOpen`; what a chain refuses is not read at all. */
  onData(): void {}

  onDrain(): void {}

  onEnd(): void {}

  onClose(error?: MeshError): void {
    if (error?.code === 'tls-failed') {
      if (/did not return a certificate/.test(error.message)) this.#statistics.countFault('fail_verify_no_cert');
      else this.#statistics.connectionErrors.add();
    }
    this.#done(undefined);
  }
}
