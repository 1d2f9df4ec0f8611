/**
 * What is known of an accepted connection beyond its two ends: what listener filters have seen, what PROXY headers
 * have said, what a transport socket has agreed on. Connections of a listener that has none of these have no such object.
 */
import type { ConnectionTls } from '../tls/connection-tls.ts';
import type { Address, Connection } from '@sluice/kernel';

const none: readonly never[] = [];

export class ConnectionInfo {
  /** Whom the connection is from: the peer, or whom a PROXY header names. */
  remote: Address;
  /** The peer itself, whatever it says. */
  readonly directRemote: Address;
  /** Whom it was meant for: our end, or what a PROXY header names. */
  local: Address;
  /** The connection itself, of which the system may know more. */
  readonly connection: Pick<Connection, 'originalDestination'>;
  /** Set by `original_dst` and by PROXY headers: where it was going before it was redirected here. */
  originalDestination: Address | undefined = undefined;
  /** The name that the client asked for (SNI), in lower case. Empty: none, or nobody has looked. */
  serverName = '';
  /** What the client offers to speak (ALPN), or what its first bytes show. */
  applicationProtocols: readonly string[] = none;
  /** What the first bytes look like. */
  transportProtocol: 'raw_buffer' | 'tls' = 'raw_buffer';
  /** Undefined where no TLS is spoken with the client. */
  tls: ConnectionTls | undefined = undefined;
  /** Of the PROXY header of version 2, those that the configuration asks for: by their type. */
  proxyTlvs: ReadonlyMap<number, Uint8Array> | undefined = undefined;
  /** When set by a network filter, connections go to this cluster (`tcp_proxy` looks here first). */
  cluster: string | undefined = undefined;

  constructor(connection: Pick<Connection, 'remote' | 'local' | 'originalDestination'>) {
    const { remote, local } = connection;
    this.connection = connection;
    this.remote = remote;
    this.directRemote = remote;
    this.local = local;
  }
}
