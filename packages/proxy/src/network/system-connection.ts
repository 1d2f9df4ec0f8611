/**
 * A socket of the system as a `Connection`. Three ways of reading lie behind it, all of which end in
 * `handler.onData`: `data` events (memory allocated per read), or `onread` with the memory that all connections
 * of a network share, or with this connection's own.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { MeshError, type Address, type Connection, type ConnectionHandler } from '@sluice/kernel';
import type { ClosingHandles } from './closing-handles.ts';
import type { OriginalDestinations } from './original-destination.ts';
import type { WriteViews } from './write-views.ts';
import { chooseReadMemory, lendRead, poisonAfterUse } from './read-memory.ts';
import { directHandleOf, writeFailure, type DirectHandle } from './direct-write.ts';

const nothing = Buffer.alloc(0);

export interface SystemConnectionOptions {
  /** The memory shared by all connections that have none of their own. */
  readonly sharedMemory: Buffer;
  readonly poisonsMemory: boolean;
  /** Bytes go straight to the handle (`direct-write.ts`). */
  readonly writesDirectly: boolean;
  readonly views: WriteViews;
  readonly closing: ClosingHandles;
  readonly destinations: OriginalDestinations;
}

/** The `onread` option of `net.Socket` and `net.connect`. */
export interface OnRead {
  readonly buffer: () => Uint8Array;
  readonly callback: (bytes: number, memory: Uint8Array) => boolean;
}

export class SystemConnection implements Connection {
  handler: ConnectionHandler;
  readonly onread: OnRead;
  readonly #options: SystemConnectionOptions;
  #socket: Socket | undefined;
  /** What the socket reads into now; what `onread.buffer` answers. */
  #memory: Buffer;
  #current: Buffer | undefined;
  #paused = false;
  #closed = false;
  #failure: MeshError | undefined;
  #successor: Connection | undefined;
  /** Bytes given to the handle that the system has not taken yet. */
  #underWay = 0;
  #remote: Address | undefined;
  #local: Address | undefined;

  /** @param path of the Unix socket by which it came in: its peers have no address of their own */
  constructor(handler: ConnectionHandler, options: SystemConnectionOptions, path?: string) {
    if (path !== undefined) {
      this.#local = { host: '', port: 0, path };
      this.#remote = { host: '', port: 0, path: '' };
    }
    this.handler = handler;
    this.#options = options;
    this.#memory = options.sharedMemory;
    this.onread = {
      // Asked after each read. The same memory again is not worth telling the socket about.
      buffer: () => {
        if (this.#current === this.#memory) return unchanged;
        this.#current = this.#memory;
        return this.#memory;
      },
      callback: (bytes, memory) => this.#deliver(memory as Buffer, bytes),
    };
  }

  /** Takes over a socket. `viaEvents`: it was made without `onread`, so reads come as `data` events. */
  adopt(socket: Socket, viaEvents: boolean): void {
    this.#socket = socket;
    if (viaEvents) socket.on('data', (chunk: Buffer) => void this.#deliver(chunk, chunk.length));
    socket.on('end', () => {
      if (!this.#closed) this.handler.onEnd();
    });
    socket.on('error', (error) => {
      this.#failure ??= connectionFailure(error);
    });
    socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      this.handler.onClose(this.#failure);
    });
  }

  /** Gives the socket away, for another protocol to go on as `successor`; this object is over without `onClose`. */
  release(successor: Connection): Socket | undefined {
    const socket = this.#socket;
    if (this.#closed || !socket || socket.destroyed) return undefined;
    // The other listeners look at this first.
    this.#closed = true;
    this.#successor = successor;
    socket.removeAllListeners('data');
    return socket;
  }

  get remote(): Address {
    return (this.#remote ??= { host: this.#socket?.remoteAddress ?? '', port: this.#socket?.remotePort ?? 0 });
  }

  get local(): Address {
    return (this.#local ??= { host: this.#socket?.localAddress ?? '', port: this.#socket?.localPort ?? 0 });
  }

  get originalDestination(): Address | undefined {
    const { _handle: handle } = (this.#socket ?? {}) as { readonly _handle?: { readonly fd?: number } | null };
    return this.#options.destinations.of(handle?.fd, this.local);
  }

  get pendingBytes(): number {
    return (this.#socket?.writableLength ?? 0) + this.#underWay;
  }

  write(memory: Buffer, start: number, end: number): boolean {
    const socket = this.#socket as Socket;
    // Bytes for a peer that is gone are taken and forgotten; `onClose` is on its way.
    if (this.#closed || socket.destroyed || socket.writableEnded) return true;
    const bytes = start === 0 && end === memory.length ? memory : this.#options.views.of(memory, start, end);
    const handle = this.#options.writesDirectly ? directHandleOf(socket) : undefined;
    if (handle) return this.#writeDirectly(handle, bytes);
    socket.write(bytes);
    if (socket.writableLength === 0) return true;
    // The stream speaks of draining only above its high-water mark. An empty write comes back after all before it.
    socket.write(nothing, () => {
      if (!this.#closed && !socket.destroyed) this.handler.onDrain();
    });
    return false;
  }

  #writeDirectly(handle: DirectHandle, bytes: Buffer): boolean {
    const answer = handle.writeBuffer(null, bytes);
    if (answer === 0) return true;
    if (typeof answer === 'number') return this.#failWrite(answer);
    if (typeof answer.writeStatus === 'number') return answer.writeStatus === 0 || this.#failWrite(answer.writeStatus);
    this.#underWay += bytes.length;
    answer.handle = handle;
    answer.async = true;
    answer.buffer = bytes;
    answer.oncomplete = (status) => {
      this.#underWay -= bytes.length;
      if (this.#closed || this.#socket?.destroyed) return;
      if (status < 0) this.#failWrite(status);
      else this.handler.onDrain();
    };
    return false;
  }

  /** The bytes are lost and so is the connection; `onClose` follows. */
  #failWrite(status: number): true {
    this.#socket?.destroy(writeFailure(status));
    return true;
  }

  end(): void {
    if (!this.#closed) this.#socket?.end();
  }

  destroy(reset = false): void {
    if (this.#successor) return this.#successor.destroy(reset);
    if (this.#closed || !this.#socket) return;
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  dedicateReadMemory(dedicated: boolean): void {
    this.#memory = chooseReadMemory(this.#memory, this.#options.sharedMemory, dedicated);
  }

  /** Ends a connection that never came about. */
  fail(error: MeshError): void {
    this.#failure ??= error;
    this.#socket?.destroy();
  }

  #deliver(memory: Buffer, bytes: number): boolean {
    if (this.#closed) return true;
    const { sharedMemory, poisonsMemory } = this.#options;
    const lent = lendRead(memory, bytes, this.#memory, sharedMemory);
    this.handler.onData(lent, bytes);
    if (poisonsMemory) poisonAfterUse(lent, bytes, this.#memory, sharedMemory, this.#paused);
    return !this.#paused;
  }
}

/** An `onread.buffer` that answers no array leaves the memory as it is. */
const unchanged = undefined as never;

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-reset',
  EPIPE: 'connection-reset',
  ETIMEDOUT: 'connect-timeout',
  EHOSTUNREACH: 'host-unreachable',
  ENETUNREACH: 'host-unreachable',
  ENOTFOUND: 'name-not-found',
};

/** A socket's error under our codes; nothing had been sent when connecting failed. */
export function connectionFailure(error: Error): MeshError {
  const systemCode = (error as NodeJS.ErrnoException).code ?? '';
  const code = codes[systemCode] ?? 'connection-failed';
  const syscall = (error as NodeJS.ErrnoException).syscall;
  return new MeshError(code, error.message, { source: 'upstream', retry: syscall === 'connect' ? 'always-safe' : 'never', cause: error });
}
