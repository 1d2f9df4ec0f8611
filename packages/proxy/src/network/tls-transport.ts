/** TLS over the system's sockets, by Node's own implementation. */
import { Buffer } from 'node:buffer';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  formatAddress,
  MeshError,
  type Address,
  type Connection,
  type ConnectionHandler,
  type ConnectOptions,
  type TlsAcceptOptions,
  type TlsConnectOptions,
  type TlsContext,
  type TlsContextSettings,
  type TlsTransport,
} from '@sluice/kernel';
import { HandleConnection } from './handle-connection.ts';
import { SystemConnection, type SystemConnectionOptions } from './system-connection.ts';
import { createOwnTicketKey } from './ticket-keys.ts';
import { TlsConnection } from './tls-connection.ts';
import { nodeTls, NodeTlsContext } from './tls-context.ts';
import { canWrapHandles, wrapHandle, wrapSocket } from './tls-sockets.ts';
import { socketOptionsOf } from './socket-options.ts';

export class NodeTlsTransport implements TlsTransport {
  readonly #connectionOptions: SystemConnectionOptions;
  readonly #wrapsHandles: boolean;
  /** Kept for as long as the process: clients take up their sessions again after certificates have changed. */
  #ticketKey: Buffer | undefined;

  constructor(options: SystemConnectionOptions, wrapsHandles: boolean, ticketKey: Uint8Array | undefined) {
    this.#connectionOptions = options;
    this.#wrapsHandles = wrapsHandles;
    this.#ticketKey = ticketKey && Buffer.from(ticketKey);
  }

  createContext(settings: TlsContextSettings): TlsContext {
    this.#ticketKey ??= createOwnTicketKey();
    return new NodeTlsContext(settings, this.#ticketKey);
  }

  accept(accepted: Connection, options: TlsAcceptOptions, handler: ConnectionHandler): Connection {
    const connection = new TlsConnection(handler, this.#connectionOptions);
    const raw = accepted instanceof HandleConnection || accepted instanceof SystemConnection ? accepted.release(connection) : undefined;
    if (!raw) throw new MeshError('not-a-socket', 'TLS can only be spoken over a socket of this network');
    const { contextFor, alpnProtocols, clientCertificate, firstBytes } = options;
    let socket: TLSSocket | undefined;
    const socketOptions = {
      isServer: true,
      secureContext: nodeContext(options.context).secureContext,
      ALPNProtocols: [...alpnProtocols],
      requestCert: clientCertificate !== 'not-asked',
      // Only whether there is one; whether it will do is decided after the handshake.
      rejectUnauthorized: clientCertificate === 'required',
      ...(contextFor && {
        SNICallback: (name: string, choose: (error: Error | null, context?: NodeTlsContext['secureContext']) => void) => {
          const chosen = nodeContext(contextFor(name));
          staple(socket, chosen);
          choose(null, chosen.secureContext);
        },
      }),
      firstBytes,
    };
    const wrapsHandle = this.#wrapsHandles && canWrapHandles();
    socket = wrapsHandle ? wrapHandle(raw, connection.onread, socketOptions) : wrapSocket(raw, socketOptions);
    connection.adopt(socket, !wrapsHandle, 'secure');
    staple(socket, nodeContext(options.context));
    return connection;
  }

  connect(address: Address, handler: ConnectionHandler, connectOptions: ConnectOptions, tls: TlsConnectOptions): Connection {
    const { timeoutMs = 0 } = connectOptions;
    const connection = new TlsConnection(handler, this.#connectionOptions);
    const target = address.path === undefined ? { host: address.host, port: address.port } : { path: address.path };
    const socketOptions = { ...target, ...socketOptionsOf(connectOptions), allowHalfOpen: true, noDelay: true };
    const options = {
      secureContext: nodeContext(tls.context).secureContext,
      servername: tls.serverName,
      ALPNProtocols: [...tls.alpnProtocols],
      // Whether the certificate will do is decided after the handshake, by rules that Node does not have.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(tls.session && { session: tls.session }),
    };
    const raw = tls.preamble && connectWith(tls.preamble, socketOptions);
    // What is spoken over another socket cannot be read into memory of ours.
    const over = raw ? { socket: raw } : { ...socketOptions, onread: connection.onread };
    const socket = nodeTls().connect({ ...options, ...over });
    connection.adopt(socket, raw !== undefined, 'secureConnect');
    if (tls.onSession) socket.on('session', tls.onSession);
    if (timeoutMs > 0) failLate(connection, socket, address, timeoutMs);
    return connection;
  }
}

/** Whoever speaks TLS over it begins when it is open, and hears of that later than this does. */
function connectWith(preamble: Buffer, target: NetConnectOpts): Socket {
  const raw = connect(target);
  raw.once('connect', () => raw.write(preamble));
  return raw;
}

/** Not the socket's own timeout, which begins anew with every byte of the handshake. */
function failLate(connection: TlsConnection, socket: TLSSocket, address: Address, timeoutMs: number): void {
  const timer = setTimeout(() => {
    const message = `connect to ${formatAddress(address)}: no TLS handshake in ${timeoutMs} ms`;
    connection.fail(new MeshError('connect-timeout', message, { source: 'upstream', retry: 'always-safe' }));
  }, timeoutMs);
  const cancel = () => clearTimeout(timer);
  socket.once('secureConnect', cancel);
  socket.once('close', cancel);
}

/** Sent along to clients that ask for it (RFC 6066 8). */
function staple(socket: TLSSocket | undefined, { settings }: NodeTlsContext): void {
  const response = settings.identity?.ocspStaple;
  const ssl = (socket as { readonly ssl?: { setOCSPResponse?(response: Uint8Array): void } | null } | undefined)?.ssl;
  if (response && response.length > 0) ssl?.setOCSPResponse?.(response);
}

function nodeContext(context: TlsContext): NodeTlsContext {
  if (context instanceof NodeTlsContext) return context;
  throw new TypeError('the context was made by another network');
}
