/**
 * One piece of memory in which all that leaves the process is put together: heads, framing and small pieces of
 * bodies. One connection fills it at a time, so that a small message leaves in one write: when the turn that filled it is
 * over, or together with what other connections have to say (`write-pace.ts`), or when it is full.
 */
import { Buffer } from 'node:buffer';
import type { Connection, Counter, Network } from '@sluice/kernel';
import { OutputPieces } from './output-pieces.ts';
import type { Turn } from './turn.ts';
import { WaitingWrites, type WaitingWriter } from './waiting-writes.ts';
import { WritePace } from './write-pace.ts';

/** Two full reads and the head around them. Chosen: 64 KiB is one read, and a head may have 60 KiB. */
const capacityBytes = 128 * 1024;

/** Larger pieces whose memory may be borrowed are written from where they are. Chosen: copying 16 KiB costs about a microsecond, as much as the write that it spares. */
const copiedBytesMax = 16 * 1024;

export class OutputBuffer {
  memory: Buffer = Buffer.allocUnsafeSlow(capacityBytes);
  /** For connections that gather for themselves. */
  readonly pieces: OutputPieces;
  /** Where what the owner says begins, and where it ends so far. */
  #start = 0;
  #filled = 0;
  #owner: OutputWriter | undefined;
  /** What turns that are over have left here. */
  readonly #waiting = new WaitingWrites();
  /** Those that close when what waits has left. */
  #leaving: OutputWriter[] = [];
  readonly #turn: Turn;
  /** Absent: everything leaves at the end of its turn. */
  readonly #pace: WritePace | undefined;

  constructor(turn: Turn, network?: Network) {
    this.#turn = turn;
    this.pieces = new OutputPieces(network);
    const { afterReads } = this.pieces;
    if (afterReads) this.#pace = new WritePace(afterReads, () => this.flush());
    turn.onOver = () => this.#endTurn();
  }

  /** Room for `bytes` at the position it returns; `commit` says how much of it was used. */
  claim(owner: OutputWriter, bytes: number): number {
    if (this.#filled + bytes > capacityBytes) this.flush();
    if (this.#owner !== owner) {
      if (this.#waiting.count > 0) this.#leaveWaiting();
      else this.flush();
      this.#owner = owner;
    }
    if (bytes > this.memory.length) throw new RangeError(`no room for ${bytes} bytes of output`);
    return this.#filled;
  }

  /** What was claimed has been filled up to `end`. */
  commit(end: number): void {
    this.#filled = end;
    if (!this.#turn.isOpen) this.flush();
  }

  #endTurn(): void {
    if (!this.#owner) return;
    if (this.#pace?.mayWait() === true) this.#leaveWaiting();
    else this.flush();
  }

  #leaveWaiting(): void {
    if (this.#owner && this.#filled > this.#start) this.#waiting.add(this.#owner, this.#filled);
    this.#owner = undefined;
    this.#start = this.#filled;
  }

  /** Writes what there is. */
  flush(): void {
    const owner = this.#owner;
    if (this.#waiting.count > 0) this.#flushAll();
    else if (owner) this.#flushOne(owner);
    if (this.#leaving.length > 0) this.#letGo();
  }

  #flushOne(owner: OutputWriter): void {
    const filled = this.#filled;
    this.#owner = undefined;
    this.#filled = 0;
    // Memory that the system still needs is its own from now on.
    if (filled > 0 && !owner.send(this.memory, 0, filled)) this.memory = Buffer.allocUnsafeSlow(capacityBytes);
  }

  #flushAll(): void {
    this.#leaveWaiting();
    this.#start = 0;
    this.#filled = 0;
    if (!this.#waiting.sendAll(this.memory)) this.memory = Buffer.allocUnsafeSlow(capacityBytes);
  }

  /** All that it says has been put down here; it closes when that has left. */
  closeWhenFlushed(owner: OutputWriter): void {
    this.#leaving.push(owner);
  }

  #letGo(): void {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const { isBlocked, connection } of leaving) {
      if (isBlocked) connection.end();
      else connection.destroy();
    }
  }

  /** Forgets what a connection that is over had put here. */
  discard(owner: OutputWriter): void {
    if (owner.isWaiting) this.#waiting.drop(owner);
    if (this.#owner !== owner) return;
    this.#owner = undefined;
    this.#filled = this.#start;
  }

  /** Whether something of its has not left yet. */
  holds(owner: OutputWriter): boolean {
    return this.#owner === owner || owner.isWaiting;
  }

  flushOf(owner: OutputWriter): void {
    if (this.holds(owner)) this.flush();
  }
}

/** The writing side of one connection. */
export class OutputWriter implements WaitingWriter {
  isWaiting = false;
  readonly connection: Connection;
  readonly output: OutputBuffer;
  /** Bytes given to the connection, for statistics. */
  bytesWritten = 0;
  /** Writes that the system has not taken yet; while there are any, the source should hold on. */
  #unfinished = 0;

  readonly #total: Counter | undefined;

  /** @param total what all connections of a kind have written; absent: nobody counts */
  constructor(connection: Connection, output: OutputBuffer, total?: Counter) {
    this.connection = connection;
    this.output = output;
    this.#total = total;
  }

  get isBlocked(): boolean {
    return this.#unfinished > 0;
  }

  /** To be called from the connection's `onDrain`. True when nothing is on its way any more. */
  drained(): boolean {
    this.#unfinished -= 1;
    return this.#unfinished === 0;
  }

  /**
   * Writes bytes that follow each other. `mayBorrow`: the memory stays as it is as long as this writer is blocked,
   * since its source will be paused; otherwise it is copied.
   */
  write(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    const bytes = end - start;
    if (mayBorrow && bytes > copiedBytesMax) {
      this.output.flushOf(this);
      this.send(memory, start, end);
      return;
    }
    const at = this.output.claim(this, bytes);
    memory.copy(this.output.memory, at, start, end);
    this.output.commit(at + bytes);
  }

  /** Hands bytes to the connection. False when their memory is still in use. */
  send(memory: Buffer, start: number, end: number): boolean {
    this.bytesWritten += end - start;
    this.#total?.add(end - start);
    if (this.connection.write(memory, start, end)) return true;
    this.#unfinished += 1;
    return false;
  }

  /**
   * Sends all, together with what others have to say, then closes: for a peer that has sent all it is going to, so that nothing
   * of its can be met by a reset. Where the system does not take all of it, this is `end`.
   */
  closeWhenSent(): void {
    if (this.isBlocked || !this.output.holds(this)) this.end();
    else this.output.closeWhenFlushed(this);
  }

  /** Sends all, then says that nothing more comes. */
  end(): void {
    this.output.flushOf(this);
    this.connection.end();
  }
}
