/**
 * Bytes between peers, as the data path needs them: push in, write out, and both sides may be told to
 * hold on. The real one stands on the system's sockets; the simulated one delivers on a virtual clock.
 */
import type { MeshError } from './mesh-error.ts';

/** Where to listen or connect. `path` is a Unix socket and excludes host and port. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/**
 * What a connection calls. Handlers never throw.
 * Order: `onOpen` (connecting side only), then any number of `onData`/`onDrain`, at most one `onEnd`, and
 * exactly one `onClose`, after which nothing is called.
 */
export interface ConnectionHandler {
  onOpen?(): void;
  /** The bytes are the connection's own and valid only until the call returns: copy what must be kept. */
  onData(bytes: Uint8Array): void;
  /** What was written has left; writing may go on. */
  onDrain(): void;
  /** The peer will send nothing more. It may still read. */
  onEnd(): void;
  /** Over, for whatever reason. `error` is absent when both sides ended in order. */
  onClose(error?: MeshError): void;
}

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Bytes written but not yet handed to the system. */
  readonly pendingBytes: number;
  /** Whoever holds it now; may be changed when a connection goes from one owner to the next. */
  handler: ConnectionHandler;
  /**
   * Writes. True when the bytes have been taken completely, so that the caller may reuse the memory at
   * once; false when they are still in use: leave them alone and wait for `onDrain`.
   */
  write(bytes: Uint8Array): boolean;
  /** Sends what is pending, then says that nothing more will come. Reading goes on. */
  end(): void;
  /** Over now, pending bytes are lost. A peer sees a reset when `reset` is true. */
  destroy(reset?: boolean): void;
  /** Stops and restarts `onData`, so that the peer feels back-pressure. */
  pause(): void;
  resume(): void;
}

export interface BoundListener {
  /** The address really bound: the port is never 0. */
  readonly address: Address;
  /** Accepts nothing more. Open connections go on. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly backlog?: number;
  /** Share the port with other processes that ask for the same. */
  readonly reusePort?: boolean;
}

export interface ConnectOptions {
  /** Gives up after this long, in ms, with code `connect-timeout`. */
  readonly timeoutMs?: number;
}

export interface Network {
  /** Binds. `accept` is called for each new connection and must set its handler before returning. */
  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener>;
  /** Begins to connect; the handler's `onOpen` or `onClose` says how it went. */
  connect(address: Address, handler: ConnectionHandler, options?: ConnectOptions): Connection;
}

/** `host:port`, with brackets where the host is an IPv6 address; the path of a Unix socket. */
export function formatAddress(address: Address): string {
  if (address.path !== undefined) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
