/**
 * The system's sockets as a `Network`.
 *
 * There are three ways, the undocumented ones only where `transport-self-test.ts` has seen them work. On handles:
 * connections do without Node's streams altogether (`handle-connection.ts`). `reused`: connecting sides read by the documented
 * `onread` option into memory that all connections share, and accepted handles are wrapped in sockets of our own with the same
 * option, which is no documented argument. `events`: accepting sides read by `data` events, public API only, one allocation per
 * read.
 */
import { Buffer } from 'node:buffer';
import { connect, createServer, Socket, type Server } from 'node:net';
import {
  MeshError,
  formatAddress,
  type Address,
  type BoundListener,
  type Connection,
  type ConnectionHandler,
  type ConnectOptions,
  type ListenOptions,
  type Logger,
  type Network,
} from '@sluice/kernel';
import { bindDirectly } from './direct-listen.ts';
import { ClosingHandles } from './closing-handles.ts';
import { HandleConnection } from './handle-connection.ts';
import { OriginalDestinations } from './original-destination.ts';
import type { SocketHandle, StreamWrap } from './stream-wrap.ts';
import { WriteViews } from './write-views.ts';
import { NodeTlsTransport } from './tls-transport.ts';
import { removeStaleSocket, setSocketMode, socketTarget } from './unix-socket.ts';
import { readMemoryBytes } from './read-memory.ts';
import { SystemConnection, type SystemConnectionOptions } from './system-connection.ts';
import { socketOptionsOf } from './socket-options.ts';

/** How accepted connections read. */
export type AcceptTransport = 'reused' | 'events';

export interface SystemNetworkOptions {
  readonly accept: AcceptTransport;
  /** Hears of what cannot be had. Default: nobody does. */
  readonly logger?: Logger;
  /** Overwrites memory as soon as it must not be read any more. For tests. Default false. */
  readonly poisonsMemory?: boolean;
  /** 48 bytes for session tickets where the configuration gives no keys. Default a key of this network's own. */
  readonly ticketKey?: Uint8Array | undefined;
  /** Connections stand on the system's handles themselves, by these parts of Node. Only with `reused`. Default: on Node's streams. */
  readonly streamWrap?: StreamWrap | undefined;
  /** Writes straight to handles (`direct-write.ts`), which this Node must have been seen to do. Default false. */
  readonly writesDirectly?: boolean;
  /** Binds addresses by handles (`direct-listen.ts`), which this Node must have been seen to do. Default false. */
  readonly bindsDirectly?: boolean;
}

export class SystemNetwork implements Network {
  readonly accept: AcceptTransport;
  readonly tls: NodeTlsTransport;
  readonly #connectionOptions: SystemConnectionOptions;
  readonly #streamWrap: StreamWrap | undefined;
  readonly #bindsDirectly: boolean;
  #afterReads: (() => void)[] = [];
  /** The last one, kept for the same reason as `Specimens`. */
  lastImmediate: NodeJS.Immediate | undefined;
  readonly #runAfterReads = () => {
    const all = this.#afterReads;
    this.#afterReads = [];
    for (const work of all) work();
  };

  constructor(options: SystemNetworkOptions) {
    this.accept = options.accept;
    this.#streamWrap = options.accept === 'reused' ? options.streamWrap : undefined;
    this.#bindsDirectly = options.bindsDirectly ?? false;
    this.#connectionOptions = {
      sharedMemory: Buffer.allocUnsafeSlow(readMemoryBytes),
      poisonsMemory: options.poisonsMemory ?? false,
      writesDirectly: options.writesDirectly ?? false,
      views: new WriteViews(),
      closing: new ClosingHandles(),
      destinations: new OriginalDestinations(process.platform, options.logger),
    };
    this.tls = new NodeTlsTransport(this.#connectionOptions, options.accept === 'reused', options.ticketKey);
  }

  async listen(address: Address, accept: (connection: Connection) => void, options: ListenOptions = {}): Promise<BoundListener> {
    const { path } = address;
    const keepsAlive = options.keepaliveMs !== undefined && path === undefined;
    const keepAlive = keepsAlive ? { keepAlive: true, keepAliveInitialDelay: options.keepaliveMs ?? 0 } : {};
    const server = createServer({ allowHalfOpen: true, noDelay: true, ...keepAlive }, (socket) => {
      const connection = new SystemConnection(unclaimed, this.#connectionOptions, path);
      connection.adopt(socket, true);
      accept(connection);
    });
    if (path !== undefined) await removeStaleSocket(path);
    try {
      await this.#bind(server, address, options);
    } catch (error) {
      throw new MeshError('listen-failed', `listen on ${formatAddress(address)}: ${(error as Error).message}`, { cause: error });
    }
    // Failing to accept one connection (no descriptor left, gone already) is that client's trouble.
    server.on('error', () => options.onAcceptError?.());
    if (this.accept === 'reused') this.#acceptHandles(server, accept, path, options);
    try {
      await setSocketMode(address);
    } catch (error) {
      await closeServer(server);
      throw error;
    }
    return { address: boundAddress(server, address), close: () => closeServer(server) };
  }

  connect(address: Address, handler: ConnectionHandler, options: ConnectOptions = {}): Connection {
    if (options.tls) return this.tls.connect(address, handler, options, options.tls);
    const target = { ...socketTarget(address), ...socketOptionsOf(options), noDelay: true, allowHalfOpen: true };
    if (this.#streamWrap) {
      const connection = new HandleConnection(this.#streamWrap, handler, this.#connectionOptions);
      const socket = connect(target);
      limitConnecting(socket, connection, address, options);
      connection.connectBy(socket);
      return connection;
    }
    const connection = new SystemConnection(handler, this.#connectionOptions);
    const socket = connect({ ...target, onread: connection.onread });
    connection.adopt(socket, false);
    limitConnecting(socket, connection, address, options);
    socket.once('connect', () => connection.handler.onOpen?.());
    return connection;
  }

  /** Node runs immediates when it has read from every socket that had something. */
  afterReads(work: () => void): void {
    if (this.#afterReads.length === 0) this.lastImmediate = setImmediate(this.#runAfterReads);
    this.#afterReads.push(work);
  }

  async #bind(server: Server, address: Address, { backlog = 511, reusePort = false }: ListenOptions): Promise<void> {
    const handle = this.#bindsDirectly ? bindDirectly(address, reusePort) : undefined;
    if (handle && (await listening(server, () => server.listen(handle, backlog)).then(() => true, () => false))) return;
    // What went wrong, Node's own way says with the address.
    await listening(server, () => server.listen({ ...socketTarget(address), backlog, reusePort }));
  }

  /** Puts itself between the server's handle and Node's own wrapping of what it accepts. */
  #acceptHandles(server: Server, accept: (connection: Connection) => void, path: string | undefined, options: ListenOptions): void {
    const handle = (server as Server & { _handle?: AcceptingHandle })._handle;
    if (!handle) throw new MeshError('no-handle', 'the server has no handle to accept from');
    handle.onconnection = (status, accepted) => {
      if (status !== 0 || !accepted) return options.onAcceptError?.();
      if (options.keepaliveMs !== undefined) accepted.setKeepAlive?.(true, Math.round(options.keepaliveMs / 1000));
      if (this.#streamWrap) {
        const connection = new HandleConnection(this.#streamWrap, unclaimed, this.#connectionOptions);
        connection.adopt(accepted, path);
        accept(connection);
        return connection.start();
      }
      accepted.setNoDelay?.(true);
      const connection = new SystemConnection(unclaimed, this.#connectionOptions, path);
      const wrapping = { handle: accepted, allowHalfOpen: true, onread: connection.onread };
      connection.adopt(new Socket(wrapping as object), false);
      accept(connection);
    };
  }
}

async function listening(server: Server, listen: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).once('listening', resolve);
  listen();
  try {
    await promise;
  } finally {
    server.off('error', reject).off('listening', resolve);
  }
}

interface AcceptingHandle {
  onconnection: (status: number, accepted: SocketHandle | undefined) => void;
}

/** Until it is connected. */
function limitConnecting(socket: Socket, connection: { fail(error: MeshError): void }, address: Address, { timeoutMs = 0 }: ConnectOptions): void {
  if (timeoutMs <= 0) return;
  socket.setTimeout(timeoutMs, () => {
    connection.fail(new MeshError('connect-timeout', `connect to ${formatAddress(address)}: no answer in ${timeoutMs} ms`, { source: 'upstream', retry: 'always-safe' }));
  });
  socket.once('connect', () => socket.setTimeout(0));
}

function boundAddress(server: Server, asked: Address): Address {
  const bound = server.address();
  return bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked;
}

function closeServer(server: Server): Promise<void> {
  // The promise is for "accepts nothing more", which is true at once; open connections have their own lives.
  server.close();
  return Promise.resolve();
}

/** Holds a connection between its birth and `accept`, which must give it a handler. */
const unclaimed: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

