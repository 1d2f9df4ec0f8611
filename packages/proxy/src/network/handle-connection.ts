/**
 * A connection that stands on the system's handle, without the stream that Node puts around it. What the stream adds (its
 * states, events, ticks and timers) is done by those who use a `Connection` anyway, and a client that comes for one request
 * pays more for it than for the request.
 *
 *     connecting → open           on our side
 *     open → ended by the peer, ended by us, in either order → both: closed
 *     any → closing → closed      by `destroy`, or by what the system says of a read or write
 *
 * Which parts of Node it needs stands in `stream-wrap.ts`.
 */
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { MeshError, type Address, type Connection, type ConnectionHandler } from '@sluice/kernel';
import type { ClosingConnection } from './closing-handles.ts';
import { chooseReadMemory, lendRead, poisonAfterUse } from './read-memory.ts';
import { connectionFailure, type SystemConnectionOptions } from './system-connection.ts';
import type { HandleReader, SocketHandle, SocketName, StreamWrap } from './stream-wrap.ts';

/** libuv's number for the end of what a peer sends. */
const endOfFile = -4095;

/** A shutdown was over at once, or the peer had gone already. */
const doneAtOnce = 1;
const notConnected = 'ENOTCONN';

export class HandleConnection implements Connection, HandleReader, ClosingConnection {
  handler: ConnectionHandler;
  readonly #options: SystemConnectionOptions;
  readonly #wrap: StreamWrap;
  /** Undefined while it connects. */
  #handle: SocketHandle | undefined;
  /** Connects for it. */
  #connecting: Socket | undefined;
  /** What was written while it connects. */
  #early: Buffer[] = none;
  /** What the next read goes into. */
  #current: Buffer;
  /** What the one after should go into. */
  #memory: Buffer;
  #isPaused = false;
  /** `closing`: the handle is being closed, `onClose` follows. */
  #state: 'connecting' | 'open' | 'closing' | 'closed' | 'released' = 'connecting';
  #peerEnded = false;
  #hasEnded = false;
  #endIsOut = false;
  #failure: MeshError | undefined;
  #successor: Connection | undefined;
  /** Bytes given to the handle that the system has not taken yet. */
  #underWay = 0;
  /** Small writes may be held back by Nagle's algorithm: before the first there is nothing that it could wait for. */
  #mayDelay: 'always' | 'from-now-on' | 'never' = 'never';
  #remote: Address | undefined;
  #local: Address | undefined;

  constructor(wrap: StreamWrap, handler: ConnectionHandler, options: SystemConnectionOptions) {
    this.handler = handler;
    this.#options = options;
    this.#wrap = wrap;
    this.#memory = options.sharedMemory;
    this.#current = options.sharedMemory;
  }

  /**
   * Takes over the handle of an accepted connection. Reading begins with `start`, when whoever accepts it has set its handler.
   * @param path of the Unix socket by which it came in: its peers have no address of their own
   */
  adopt(handle: SocketHandle, path?: string): void {
    if (path !== undefined) {
      this.#local = { host: '', port: 0, path };
      this.#remote = { host: '', port: 0, path: '' };
    } else this.#mayDelay = 'always';
    this.#open(handle);
  }

  start(): void {
    if (this.#state === 'open' && !this.#isPaused) this.#startReading();
  }

  /** Lets a socket connect, and goes on with its handle. */
  connectBy(socket: Socket): void {
    this.#connecting = socket;
    socket.once('error', (error) => (this.#failure ??= connectionFailure(error)));
    socket.once('close', () => this.onHandleClosed());
    socket.once('connect', () => {
      const holder = socket as Socket & { _handle: SocketHandle | null };
      const handle = holder._handle;
      if (!handle) return;
      // What is left of the stream neither reads nor closes anything.
      holder._handle = null;
      socket.removeAllListeners();
      this.#connecting = undefined;
      this.#open(handle);
      this.#sendEarly();
      this.handler.onOpen?.();
      this.start();
    });
  }

  /** Ends a connection that never came about. */
  fail(error: MeshError): void {
    this.#failure ??= error;
    this.#close(false);
  }

  #open(handle: SocketHandle): void {
    this.#state = 'open';
    this.#handle = handle;
    handle.reader = this;
    handle.onread = readBy;
    handle.useUserBuffer(this.#current);
  }

  #sendEarly(): void {
    const early = this.#early;
    this.#early = none;
    // Each was said to be taken, so nobody waits for it to drain.
    for (const bytes of early) this.#write(bytes, () => {});
    if (this.#hasEnded) this.#sendEnd();
  }

  /** Gives the socket away, for another protocol to go on as `successor`; this object is over without `onClose`. */
  release(successor: Connection): Socket | undefined {
    const handle = this.#handle;
    if (this.#state !== 'open' || !handle) return undefined;
    this.#state = 'released';
    this.#successor = successor;
    handle.readStop();
    handle.reader = undefined;
    this.#noDelay();
    return new Socket({ handle, allowHalfOpen: true, manualStart: true } as object);
  }

  get remote(): Address {
    return (this.#remote ??= nameOf((out) => this.#handle?.getpeername?.(out)));
  }

  get local(): Address {
    return (this.#local ??= nameOf((out) => this.#handle?.getsockname?.(out)));
  }

  get originalDestination(): Address | undefined {
    return this.#options.destinations.of(this.#handle?.fd, this.local);
  }

  get pendingBytes(): number {
    return this.#underWay;
  }

  write(memory: Buffer, start: number, end: number): boolean {
    // Bytes for a peer that is gone are taken and forgotten; `onClose` is on its way.
    if (this.#state !== 'open' || this.#hasEnded) return this.#state === 'connecting' ? this.#keep(memory.subarray(start, end)) : true;
    return this.#write(start === 0 && end === memory.length ? memory : this.#options.views.of(memory, start, end), undefined);
  }

  #keep(bytes: Buffer): true {
    if (!this.#hasEnded) this.#early = [...this.#early, Buffer.from(bytes)];
    return true;
  }

  #write(bytes: Buffer, onDrain: (() => void) | undefined): boolean {
    const handle = this.#handle as SocketHandle;
    if (this.#mayDelay !== 'never') this.#beforeWrite();
    const answer = handle.writeBuffer(null, bytes);
    if (answer === 0) return true;
    if (typeof answer === 'number') return this.#failWrite(answer);
    if (typeof answer.writeStatus === 'number') return answer.writeStatus === 0 || this.#failWrite(answer.writeStatus);
    this.#noDelay();
    this.#underWay += bytes.length;
    answer.handle = handle;
    answer.async = true;
    answer.buffer = bytes;
    answer.oncomplete = (status) => this.#onWritten(bytes.length, status, onDrain);
    return false;
  }

  /** A client that comes for one answer is not worth the system call. */
  #beforeWrite(): void {
    if (this.#mayDelay === 'always') this.#mayDelay = 'from-now-on';
    else this.#noDelay();
  }

  #noDelay(): void {
    if (this.#mayDelay === 'never') return;
    this.#mayDelay = 'never';
    this.#handle?.setNoDelay?.(true);
  }

  #onWritten(bytes: number, status: number, onDrain: (() => void) | undefined): void {
    this.#underWay -= bytes;
    if (this.#state !== 'open') return;
    if (status < 0) this.#failWrite(status);
    else if (onDrain) onDrain();
    else this.handler.onDrain();
  }

  /** The bytes are lost and so is the connection; `onClose` follows. */
  #failWrite(status: number): true {
    this.#fail(status, 'write');
    return true;
  }

  end(): void {
    if (this.#hasEnded || (this.#state !== 'open' && this.#state !== 'connecting')) return;
    this.#hasEnded = true;
    if (this.#state === 'open') this.#sendEnd();
  }

  /** Goes out behind what is still under way. */
  #sendEnd(): void {
    const handle = this.#handle as SocketHandle;
    const request = new this.#wrap.ShutdownWrap();
    request.handle = handle;
    request.oncomplete = () => this.#onEndOut();
    const answer = handle.shutdown(request);
    if (answer === doneAtOnce || (answer < 0 && getSystemErrorName(answer) === notConnected)) setImmediate(() => this.#onEndOut());
    else if (answer !== 0) this.#fail(answer, 'shutdown');
  }

  #onEndOut(): void {
    this.#endIsOut = true;
    if (this.#peerEnded) this.#close(false);
  }

  destroy(reset = false): void {
    if (this.#successor) return this.#successor.destroy(reset);
    this.#close(reset);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#state === 'open') this.#handle?.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#state === 'open' && !this.#peerEnded) this.#startReading();
  }

  dedicateReadMemory(dedicated: boolean): void {
    this.#memory = chooseReadMemory(this.#memory, this.#options.sharedMemory, dedicated);
  }

  #startReading(): void {
    const answer = (this.#handle as SocketHandle).readStart();
    if (answer < 0) this.#fail(answer, 'read');
  }

  /** Called by the handle, for bytes, the end or a failure. */
  onRead(): Buffer | undefined {
    const result = this.#wrap.streamBaseState[this.#wrap.readResultAt] as number;
    if (this.#state !== 'open') return undefined;
    if (result > 0) {
      this.#deliver(result);
      if (this.#current === this.#memory) return undefined;
      return (this.#current = this.#memory);
    }
    if (result === endOfFile) this.#onEndOfFile();
    else if (result < 0) this.#fail(result, 'read');
    return undefined;
  }

  #deliver(bytes: number): void {
    const { sharedMemory, poisonsMemory } = this.#options;
    const lent = lendRead(this.#current, bytes, this.#memory, sharedMemory);
    this.handler.onData(lent, bytes);
    if (poisonsMemory) poisonAfterUse(lent, bytes, this.#memory, sharedMemory, this.#isPaused);
  }

  #onEndOfFile(): void {
    this.#peerEnded = true;
    this.handler.onEnd();
    if (this.#endIsOut) this.#close(false);
  }

  #fail(status: number, syscall: string): void {
    const code = getSystemErrorName(status);
    this.#failure ??= connectionFailure(Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall }));
    this.#close(false);
  }

  #close(reset: boolean): void {
    if (this.#state === 'connecting') {
      this.#state = 'closing';
      this.#connecting?.destroy();
      return;
    }
    const handle = this.#handle;
    if (this.#state !== 'open' || !handle) return;
    this.#state = 'closing';
    if (reset && handle.reset !== undefined && handle.reset(() => this.onHandleClosed()) === 0) return;
    this.#options.closing.close(handle, this);
  }

  onHandleClosed(): void {
    this.#state = 'closed';
    this.handler.onClose(this.#failure);
  }
}

const none: Buffer[] = [];

/**
 * One for all handles. A function of its own for each keeps the handle, and all that hangs on it, alive after it is closed until a full
 * collection (Node 26): with a new connection per request an eighth of the CPU time went into copying those.
 */
function readBy(this: SocketHandle): Uint8Array | undefined {
  return this.reader?.onRead();
}

function nameOf(ask: (out: SocketName) => number | undefined): Address {
  // Node writes into places that are there faster than it makes them.
  const out: SocketName = { address: '', family: '', port: 0 };
  ask(out);
  return { host: out.address, port: out.port };
}
