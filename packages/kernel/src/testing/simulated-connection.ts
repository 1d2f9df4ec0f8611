/**
 * One end of a simulated connection. Bytes go over in order, in pieces as the network pleases, and only as many
 * are under way as fit the window: what a reader does not take holds its writer up.
 *
 * Memory is treated as unkindly as the contract allows: what `write` has not taken is read later from where it
 * lies, and lent memory is overwritten when it goes back.
 */
import { Buffer } from 'node:buffer';
import type { Timer } from '../clock.ts';
import { MeshError } from '../mesh-error.ts';
import type { Address, Connection, ConnectionHandler } from '../network.ts';
import type { Random } from '../random.ts';
import type { SimulatedLinks, SimulatedPipe } from './simulated-links.ts';

/** Bytes of one direction that may be under way or lie unread. */
const windowBytes = 64 * 1024;

/** Memory of one read, in bytes. */
const readMemoryBytes = 64 * 1024;

/** What lent memory is overwritten with. */
const poison = 0xdb;

export interface SimulatedConnectionOptions {
  readonly links: SimulatedLinks;
  readonly random: Random;
  /** Parts between which the bytes go. */
  readonly from: string;
  readonly to: string;
  readonly local: Address;
  readonly remote: Address;
  readonly handler: ConnectionHandler;
  /** Read memory that all connections of one process share. */
  readonly sharedMemory: Buffer;
  readonly onOver: (connection: SimulatedConnection) => void;
}

export class SimulatedConnection implements Connection {
  handler: ConnectionHandler;
  readonly local: Address;
  readonly remote: Address;
  peer: SimulatedConnection | undefined;
  readonly #options: SimulatedConnectionOptions;
  readonly #out: SimulatedPipe;
  #memory: Buffer;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #isPaused = false;
  /** Written and not taken: still in the writer's memory. */
  readonly #pending: { readonly memory: Buffer; start: number; readonly end: number }[] = [];
  #owesDrain = 0;
  /** Taken and not yet read by the other side. */
  #bytesUnderWay = 0;
  #end: 'open' | 'wanted' | 'sent' = 'open';
  #peerEnd: 'open' | 'arrived' | 'told' = 'open';
  readonly #arrived: Buffer[] = [];
  #resuming: Timer | undefined;

  constructor(options: SimulatedConnectionOptions) {
    this.#options = options;
    this.handler = options.handler;
    this.local = options.local;
    this.remote = options.remote;
    this.#memory = options.sharedMemory;
    this.#out = options.links.openPipe(options.from, options.to);
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  get pendingBytes(): number {
    return this.#pending.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  write(memory: Buffer, start: number, end: number): boolean {
    if (this.#state === 'closed' || this.#end !== 'open' || start === end) return true;
    this.#pending.push({ memory, start, end });
    this.#take();
    if (this.#pending.length === 0) return true;
    this.#owesDrain += 1;
    return false;
  }

  end(): void {
    if (this.#state === 'closed' || this.#end !== 'open') return;
    this.#end = 'wanted';
    this.#take();
  }

  destroy(reset = false): void {
    if (this.#state === 'closed') return;
    const { peer } = this;
    // Closing with unread bytes resets, as TCP does: the peer must not think that they were read.
    const resets = reset || this.#arrived.length > 0;
    if (peer) this.#out.send(() => (resets ? peer.onReset() : peer.onPeerEnd()));
    this.#close(undefined);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#resuming ??= this.#options.links.time.after(0, () => {
      this.#resuming = undefined;
      this.#deliver();
    });
  }

  dedicateReadMemory(dedicated: boolean): void {
    const shared = this.#options.sharedMemory;
    if (!dedicated) this.#memory = shared;
    else if (this.#memory === shared) this.#memory = Buffer.alloc(readMemoryBytes);
  }

  /** Both sides know each other now. */
  open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.handler.onOpen?.();
    this.#drain();
    // The peer may have spoken first, and its bytes may have been quicker.
    this.#deliver();
  }

  /** It never came about, or broke: the owner hears why. */
  fail(error: MeshError): void {
    if (this.#state !== 'closed') this.#close(error);
  }

  /** The process is gone: its handler hears nothing, the peer that the connection broke. */
  abandon(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { peer } = this;
    if (peer) this.#out.send(() => peer.onReset());
    this.#options.onOver(this);
  }

  onArrival(bytes: Buffer): void {
    if (this.#state === 'closed') {
      // Nobody reads here any more: whoever goes on writing is told so, as TCP does.
      const { peer } = this;
      if (peer) this.#out.send(() => peer.onReset());
      return;
    }
    this.#arrived.push(bytes);
    this.#deliver();
  }

  onPeerEnd(): void {
    if (this.#state === 'closed' || this.#peerEnd !== 'open') return;
    this.#peerEnd = 'arrived';
    this.#deliver();
  }

  onReset(): void {
    this.fail(new MeshError('connection-reset', 'read ECONNRESET', { source: 'upstream' }));
  }

  /** The other side has read: there is room for more. */
  onRead(bytes: number): void {
    this.#bytesUnderWay -= bytes;
    if (this.#owesDrain > 0) this.#options.links.time.after(0, () => this.#drain());
  }

  #drain(): void {
    this.#take();
    while (this.#pending.length === 0 && this.#owesDrain > 0 && this.#state === 'open') {
      this.#owesDrain -= 1;
      this.handler.onDrain();
    }
  }

  /** Takes what fits the window out of the writer's memory and sends it on its way. */
  #take(): void {
    const { peer } = this;
    if (!peer || this.#state !== 'open') return;
    for (let first = this.#pending[0]; first && this.#bytesUnderWay < windowBytes; first = this.#pending[0]) {
      const length = Math.min(first.end - first.start, windowBytes - this.#bytesUnderWay);
      const bytes = Buffer.from(first.memory.subarray(first.start, first.start + length));
      first.start += length;
      if (first.start === first.end) this.#pending.shift();
      this.#bytesUnderWay += length;
      for (const piece of this.#cutUp(bytes)) this.#out.send(() => peer.onArrival(piece));
    }
    if (this.#end === 'wanted' && this.#pending.length === 0) {
      this.#end = 'sent';
      this.#out.send(() => peer.onPeerEnd());
      this.#closeWhenBothEnded();
    }
  }

  /** Reads do not come as writes were made: now and then in two pieces, cut anywhere. */
  #cutUp(bytes: Buffer): Buffer[] {
    const { random } = this.#options;
    if (bytes.length < 2 || random.next() >= 0.1) return [bytes];
    const cut = 1 + Math.floor(random.next() * (bytes.length - 1));
    return [bytes.subarray(0, cut), bytes.subarray(cut)];
  }

  #deliver(): void {
    while (this.#state === 'open' && !this.#isPaused && !this.#resuming) {
      const bytes = this.#arrived.shift();
      if (!bytes) break;
      const memory = this.#memory;
      bytes.copy(memory);
      this.handler.onData(memory, bytes.length);
      // Memory of its own stays readable while it is paused, and once it has been given away.
      const isLeftAlone = memory !== this.#options.sharedMemory && (this.#isPaused || memory !== this.#memory);
      if (!isLeftAlone) memory.fill(poison, 0, bytes.length);
      this.peer?.onRead(bytes.length);
    }
    if (this.#state === 'open' && !this.#isPaused && this.#arrived.length === 0 && this.#peerEnd === 'arrived') {
      this.#peerEnd = 'told';
      this.handler.onEnd();
      this.#closeWhenBothEnded();
    }
  }

  #closeWhenBothEnded(): void {
    if (this.#state === 'open' && this.#end === 'sent' && this.#peerEnd === 'told') this.#close(undefined);
  }

  #close(error: MeshError | undefined): void {
    this.#state = 'closed';
    this.#pending.length = 0;
    this.#arrived.length = 0;
    this.#options.onOver(this);
    this.#options.links.time.after(0, () => this.handler.onClose(error));
  }
}

/** Memory for the reads of all connections of one process. */
export function createReadMemory(): Buffer {
  return Buffer.alloc(readMemoryBytes);
}
