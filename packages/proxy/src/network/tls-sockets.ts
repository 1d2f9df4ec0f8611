/**
 * Sockets of Node's TLS over accepted sockets. Node encrypts in C++ straight on the system's handle in both ways; they
 * differ in how what has been decrypted is read. `reused`: the handle is wrapped itself, which is the only way to have
 * Node read into memory of ours on this side; not documented, so it is used where the same is used for plain sockets,
 * and only while Node's class looks as it should.
 * `events`: the socket is wrapped, public API only, one allocation per read.
 */
import type { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { TLSSocket, TLSSocketOptions } from 'node:tls';
import { nodeTls } from './tls-context.ts';
import type { OnRead } from './system-connection.ts';

export interface ServerSocketOptions extends TLSSocketOptions {
  readonly firstBytes: Buffer | undefined;
}

/** What Node's TLS has besides its types: the handle of the system, and the wrap around it. */
interface TlsInternals {
  readonly _tlsOptions: { readonly accepted?: object };
  _wrapHandle(parent: null, handle: object | undefined, hasWrites: boolean): { receive(bytes: Buffer): void };
  readonly _handle: { receive(bytes: Buffer): void } | null;
  connecting: boolean;
}

type TlsSocketClass = new (socket: undefined, options: TLSSocketOptions & { readonly accepted: object }) => TLSSocket & TlsInternals;

let handleSocketClass: TlsSocketClass | undefined;

/** Made with the first connection, since Node's class is not there before. */
function createHandleSocketClass(): TlsSocketClass {
  const { TLSSocket } = createRequire(import.meta.url)('node:tls') as { readonly TLSSocket: TlsSocketClass };
  return class HandleTlsSocket extends TLSSocket {
    override _wrapHandle(): ReturnType<TlsInternals['_wrapHandle']> {
      return super._wrapHandle(null, this._tlsOptions.accepted, false);
    }
  };
}

/** `raw` is used up: its handle goes over. */
export function wrapHandle(raw: Socket, onread: OnRead, { firstBytes, ...options }: ServerSocketOptions): TLSSocket {
  const holder = raw as Socket & { _handle: object | null };
  const accepted = holder._handle;
  if (!accepted) throw new TypeError('a socket without a handle cannot be wrapped');
  handleSocketClass ??= createHandleSocketClass();
  holder._handle = null;
  const socket = new handleSocketClass(undefined, { ...options, accepted, onread, allowHalfOpen: true } as ConstructorParameters<TlsSocketClass>[1]);
  // Without a parent Node takes it for a socket that is still to connect.
  socket.connecting = false;
  if (firstBytes) process.nextTick(() => socket._handle?.receive(firstBytes));
  return socket;
}

/** Whether Node's class has the seams that `wrapHandle` needs. */
export function canWrapHandles(): boolean {
  const prototype = nodeTls().TLSSocket.prototype as Partial<TlsInternals>;
  return typeof prototype._wrapHandle === 'function';
}

/** `raw` goes on underneath. */
export function wrapSocket(raw: Socket, { firstBytes, ...options }: ServerSocketOptions): TLSSocket {
  raw.pause();
  // What is in the socket's buffer when it is wrapped is decrypted first.
  if (firstBytes) raw.unshift(firstBytes);
  return new (nodeTls().TLSSocket)(raw, options);
}
