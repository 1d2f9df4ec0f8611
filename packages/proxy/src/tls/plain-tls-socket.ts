/** A transport socket that speaks TLS and asks nothing of its clients, for whoever has a certificate and no resources. */
import type { Buffer } from 'node:buffer';
import type { Connection, MeshError, TlsAcceptOptions, TlsTransport } from '@sluice/kernel';
import type { ConnectionInfo } from '../downstream/connection-info.ts';
import type { SecureDone, TransportSocket } from '../downstream/transport-socket.ts';
import { ConnectionTls } from './connection-tls.ts';

/** @param optionsNow asked for each connection, so that a new certificate serves those that come after it */
export function createPlainTlsSocket(transport: TlsTransport, optionsNow: () => TlsAcceptOptions): TransportSocket {
  return {
    secure(connection: Connection, firstBytes: Buffer | undefined, info: ConnectionInfo, done: SecureDone): void {
      const secured = transport.accept(connection, { ...optionsNow(), firstBytes }, {
        onOpen() {
          const facts = secured.tls;
          if (!facts) throw new TypeError('a handshake is over, and nothing is known of it');
          if (facts.serverName !== '') info.serverName = facts.serverName.toLowerCase();
          info.transportProtocol = 'tls';
          info.tls = new ConnectionTls(facts, false, false);
          done(secured);
        },
        // Nothing is read before `onOpen`.
        onData() {},
        onDrain() {},
        onEnd() {},
        onClose: (_error?: MeshError) => done(undefined),
      });
    },
  };
}
