/**
 * Bytes between peers, as the data path needs them: push in, write out, and both sides may be told to
 * hold on. The real one stands on the system's sockets; the simulated one delivers on a virtual clock.
 *
 * Memory is lent, not given, in both directions, so that a request can pass through a process without any
 * being allocated. Who may use it how long is said at `onData`, `dedicateReadMemory` and `write`.
 */
import type { Buffer } from 'node:buffer';
import type { MeshError } from './mesh-error.ts';
import type { TlsAcceptOptions, TlsConnectOptions, TlsContext, TlsContextSettings, TlsFacts } from './tls.ts';

/** Where to listen or connect. `path` is a Unix socket and excludes host and port. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  /** Of a Unix socket that is listened on: permissions of its file. Absent: what the process's umask leaves. */
  readonly mode?: number;
}

/**
 * What a connection calls. Handlers never throw.
 * Order: `onOpen` (connecting side, and TLS on both), then any number of `onData`/`onDrain`, at most one `onEnd`, and
 * exactly one `onClose`, after which nothing is called. Nothing is called from within `write`, `end`,
 * `destroy`, `pause` or `resume`: what they cause comes later.
 */
export interface ConnectionHandler {
  onOpen?(): void;
  /**
   * The first `length` bytes of `memory` have come. They are there until the call returns; other connections
   * may then read into the same memory. After `dedicateReadMemory(true)` they also stay as long as the
   * connection is paused from within the call.
   */
  onData(memory: Buffer, length: number): void;
  /** What was written has left; writing may go on. Called once after each `write` that gave false. */
  onDrain(): void;
  /** The peer will send nothing more. It may still read. */
  onEnd(): void;
  /** Over, for whatever reason. `error` is absent when both sides ended in order. */
  onClose(error?: MeshError): void;
}

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Where it was going before the system redirected it here; asked of the system when it is read. Undefined, or absent: nothing is known. */
  readonly originalDestination?: Address | undefined;
  /** Bytes written but not yet handed to the system. */
  readonly pendingBytes: number;
  /** From `onOpen` on, where TLS is spoken. Absent: it is not. */
  readonly tls?: TlsFacts | undefined;
  /** Whoever holds it now; may be changed when a connection goes from one owner to the next. */
  handler: ConnectionHandler;
  /**
   * Writes the bytes of `memory` from `start` to `end`. True when they have been taken completely, so that the
   * memory may be used again at once; false when they are still in use: leave them alone and wait for `onDrain`.
   */
  write(memory: Buffer, start: number, end: number): boolean;
  /** Sends what is pending, then says that nothing more will come. Reading goes on. */
  end(): void;
  /** Over now, pending bytes are lost; `onClose` follows. The peer sees a reset when `reset` is true. */
  destroy(reset?: boolean): void;
  /** Stops and restarts `onData`, so that the peer feels back-pressure. */
  pause(): void;
  resume(): void;
  /**
   * From the next `onData` on, bytes come in memory that no other connection reads into. For large bodies: what
   * came may then be written elsewhere as it is, with reading paused while it is in use. Ending it gives the memory
   * away: nothing is read into it any more, whether reading is paused or not.
   */
  dedicateReadMemory(dedicated: boolean): void;
}

export interface BoundListener {
  /** The address really bound: the port is never 0. */
  readonly address: Address;
  /** Accepts nothing more. Open connections go on. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Connections that may wait to be accepted. Default 511, Node's. */
  readonly backlog?: number;
  /** Silence after which the system looks whether an accepted connection's peer is still there, in ms. 0: its own default. Absent: it does not. */
  readonly keepaliveMs?: number;
  /** A connection could not be accepted: no descriptor was left, or it had gone already. */
  readonly onAcceptError?: () => void;
  /** Share the port with other processes that ask for the same. */
  readonly reusePort?: boolean;
}

export interface ConnectOptions {
  /** Gives up after this long, in ms, with code `connect-timeout`. Absent or 0: the system's own limit. */
  readonly timeoutMs?: number;
  /** Where the connection comes from; port 0 is any. Absent: what the system chooses. */
  readonly localAddress?: Address;
  /** Silence after which the system looks whether the peer is still there, in ms. 0: its own default. Absent: it does not. */
  readonly keepaliveMs?: number;
  /** Speaks TLS: `onOpen` comes when the handshake is over, for which `timeoutMs` counts too. Only where `Network.tls` is there. */
  readonly tls?: TlsConnectOptions | undefined;
}

export interface Network {
  /** Absent where no TLS can be spoken, as in simulations. */
  readonly tls?: TlsTransport | undefined;
  /** Binds. `accept` is called for each new connection and must set its handler before returning. */
  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener>;
  /** Begins to connect; the handler's `onOpen` or `onClose` says how it went, never before this returns. */
  connect(address: Address, handler: ConnectionHandler, options?: ConnectOptions): Connection;
  /**
   * Calls `work` once, when all that has come by now has been delivered and before anything is waited for. What many
   * connections have to say to one can be gathered until then. Absent where that moment is not known.
   */
  afterReads?(work: () => void): void;
}

export interface TlsTransport {
  /** @throws MeshError `tls-context-invalid` when the parts do not fit together */
  createContext(settings: TlsContextSettings): TlsContext;
  /**
   * Takes an accepted connection over and begins the handshake; all that the old object can still do is `destroy`. The handler's
   * `onOpen` says that it came about, `onClose` with code `tls-failed` that it did not. It sets no deadline.
   */
  accept(connection: Connection, options: TlsAcceptOptions, handler: ConnectionHandler): Connection;
}

/** `host:port`, with brackets where the host is an IPv6 address; the path of a Unix socket. */
export function formatAddress(address: Address): string {
  if (address.path !== undefined) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** The reverse of `formatAddress`: what is no `host:port` or `[host]:port` is the path of a Unix socket. */
export function parseAddress(formatted: string): Address {
  const [, bracketed, bare = '', port] = /^(?:\[([^\]]+)\]|([^:/]*)):(\d+)$/.exec(formatted) ?? [];
  return port === undefined ? { host: '', port: 0, path: formatted } : { host: bracketed ?? bare, port: Number(port) };
}
