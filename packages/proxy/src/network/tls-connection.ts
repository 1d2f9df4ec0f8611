/**
 * A socket of Node's TLS as a `Connection`.
 *
 * Writing: Node encrypts (or, during the handshake, copies) what it is given before `write` returns, as long as nothing
 * is on its way already (`TLSWrap::DoWrite`); then lent memory is free at once. It holds one write at a time, and counts
 * it as finished only in the next phase of the loop, so a second write in the same turn is copied when it is small.
 *
 * Reading: Node reads as many records as have come before it hears of a pause, so what comes while paused is kept and
 * delivered later, and memory that is in use is taken out of its way.
 */
import { Buffer } from 'node:buffer';
import type { TLSSocket } from 'node:tls';
import { MeshError, type Address, type Connection, type ConnectionHandler, type TlsFacts } from '@sluice/kernel';
import { describeTlsFailure } from '../tls/tls-failure.ts';
import { chooseReadMemory, lendRead, poisonAfterUse } from './read-memory.ts';
import { connectionFailure, type OnRead, type SystemConnectionOptions } from './system-connection.ts';
import { NodeTlsFacts } from './tls-facts.ts';
import { isTlsError, tlsFailure } from './tls-errors.ts';

/** Pieces up to this size are copied behind a write that is still on its way, as long as no more than `copiedPendingMax` wait. Chosen: as the output buffer. */
const copiedBytesMax = 16 * 1024;
const copiedPendingMax = 64 * 1024;

export class TlsConnection implements Connection {
  handler: ConnectionHandler;
  readonly onread: OnRead;
  readonly #options: SystemConnectionOptions;
  #socket: TLSSocket | undefined;
  #tls: TlsFacts | undefined;
  /** What the next read should go into; the socket asks after each. */
  #memory: Buffer;
  #current: Buffer | undefined;
  #paused = false;
  #closed = false;
  #failure: MeshError | undefined;
  #remote: Address | undefined;
  #local: Address | undefined;
  /** What came while paused. */
  #early: Buffer[] | undefined;
  #isEndEarly = false;
  readonly #onWritten = (): void => {
    if (!this.#closed && !(this.#socket as TLSSocket).destroyed) this.handler.onDrain();
  };

  constructor(handler: ConnectionHandler, options: SystemConnectionOptions) {
    this.handler = handler;
    this.#options = options;
    this.#memory = options.sharedMemory;
    this.onread = {
      buffer: () => this.#nextMemory(),
      callback: (bytes, memory) => this.#onRead(memory as Buffer, bytes),
    };
  }

  /** Takes over a socket whose handshake is still to come. `viaEvents`: it was made without `onread`. */
  adopt(socket: TLSSocket, viaEvents: boolean, establishedBy: 'secure' | 'secureConnect'): void {
    this.#socket = socket;
    if (viaEvents) socket.on('data', (chunk: Buffer) => void this.#onRead(chunk, chunk.length));
    socket.once(establishedBy, () => this.#onEstablished(socket));
    socket.on('end', () => this.#onEnd());
    const fail = (error: Error) => {
      this.#failure ??= isTlsError(error) || this.#tls === undefined ? handshakeFailure(error) : connectionFailure(error);
      socket.destroy();
    };
    socket.on('error', fail);
    // Node speaks of some failures of accepted sockets only here.
    socket.on('_tlsError', fail);
    socket.on('close', () => this.#onClose());
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  get remote(): Address {
    return (this.#remote ??= { host: this.#socket?.remoteAddress ?? '', port: this.#socket?.remotePort ?? 0 });
  }

  get local(): Address {
    return (this.#local ??= { host: this.#socket?.localAddress ?? '', port: this.#socket?.localPort ?? 0 });
  }

  get pendingBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  write(memory: Buffer, start: number, end: number): boolean {
    const socket = this.#socket as TLSSocket;
    // Bytes for a peer that is gone are taken and forgotten; `onClose` is on its way.
    if (this.#closed || socket.destroyed || socket.writableEnded) return true;
    const pending = socket.writableLength;
    if (pending === 0) {
      socket.write(this.#options.views.of(memory, start, end));
      return true;
    }
    const bytes = memory.subarray(start, end);
    if (bytes.length <= copiedBytesMax && pending < copiedPendingMax) {
      socket.write(Buffer.from(bytes));
      return true;
    }
    socket.write(bytes, this.#onWritten);
    return false;
  }

  end(): void {
    if (!this.#closed) this.#socket?.end();
  }

  destroy(reset = false): void {
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
    if (this.#early || this.#isEndEarly) setImmediate(() => this.#deliverEarly());
    else this.#socket?.resume();
  }

  dedicateReadMemory(dedicated: boolean): void {
    this.#memory = chooseReadMemory(this.#memory, this.#options.sharedMemory, dedicated);
  }

  /** Ends a connection that never came about. */
  fail(error: MeshError): void {
    this.#failure ??= error;
    this.#socket?.destroy();
  }

  #onEstablished(socket: TLSSocket): void {
    if (this.#closed || socket.destroyed) return;
    this.#tls = new NodeTlsFacts(socket);
    this.handler.onOpen?.();
  }

  #onEnd(): void {
    if (this.#closed) return;
    if (this.#early || (this.#paused && this.#tls)) this.#isEndEarly = true;
    else if (this.#tls) this.handler.onEnd();
    else this.fail(handshakeFailure(new Error('closed by the peer')));
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#early = undefined;
    const error = this.#failure ?? (this.#tls ? undefined : handshakeFailure(new Error('closed')));
    this.handler.onClose(error);
  }

  /** While paused, memory of its own is in use by whoever paused, so further records go into shared memory and are copied from there. */
  #nextMemory(): Uint8Array {
    const next = this.#paused ? this.#options.sharedMemory : this.#memory;
    if (this.#current === next) return unchanged;
    this.#current = next;
    return next;
  }

  #onRead(memory: Buffer, bytes: number): boolean {
    if (this.#closed) return true;
    if (this.#paused || this.#early) (this.#early ??= []).push(Buffer.from(memory.subarray(0, bytes)));
    else this.#deliver(memory, bytes);
    return !this.#paused;
  }

  #deliver(memory: Buffer, bytes: number): void {
    const { sharedMemory, poisonsMemory } = this.#options;
    const lent = lendRead(memory, bytes, this.#memory, sharedMemory);
    this.handler.onData(lent, bytes);
    if (poisonsMemory) poisonAfterUse(lent, bytes, this.#memory, sharedMemory, this.#paused);
  }

  #deliverEarly(): void {
    while (this.#early && !this.#paused && !this.#closed) {
      const piece = this.#early.shift() as Buffer;
      if (this.#early.length === 0) this.#early = undefined;
      this.#deliver(piece, piece.length);
    }
    if (this.#paused || this.#closed) return;
    if (this.#isEndEarly) {
      this.#isEndEarly = false;
      this.handler.onEnd();
    } else {
      this.#socket?.resume();
    }
  }
}

/** Whatever ends a connection before its handshake is over: the library's fault, or the socket's. */
function handshakeFailure(error: Error): MeshError {
  if (isTlsError(error)) return tlsFailure(error);
  const failure = connectionFailure(error);
  return failure.code === 'connection-failed' || failure.code === 'connection-reset'
    ? new MeshError('tls-failed', describeTlsFailure(`${error.message} during the handshake`), { source: 'upstream', retry: 'always-safe', cause: error })
    : failure;
}

/** An `onread.buffer` that answers no array leaves the memory as it is. */
const unchanged = undefined as never;
