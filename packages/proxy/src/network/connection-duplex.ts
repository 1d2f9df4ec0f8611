/**
 * A `Connection` as a stream of Node's, for protocols that Node speaks. Bytes are copied on their way in, because
 * their memory is lent; on their way out they are the stream's own until they have left.
 */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { Connection, ConnectionHandler } from '@sluice/kernel';

export class ConnectionDuplex extends Duplex implements ConnectionHandler {
  readonly connection: Connection;
  /** Called with each piece that has come, before it is read. */
  onBytes: (bytes: number) => void = () => {};
  #written: (() => void) | undefined;
  /** Reading is paused because the stream is full, or because its owner wants it so. */
  #isFull = false;
  #isHeld = false;

  /** @param firstBytes what has been read of the connection already; the memory is this stream's from now on */
  constructor(connection: Connection, firstBytes?: Buffer) {
    super();
    this.connection = connection;
    connection.handler = this;
    if (firstBytes) this.push(firstBytes);
    // An end that does not come in order is told by `close`, like every other.
    this.on('error', () => {});
  }

  /** Reads no more until `release`. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    if (!this.#isFull) this.connection.pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (!this.#isFull) this.connection.resume();
  }

  onData(memory: Buffer, length: number): void {
    this.onBytes(length);
    if (this.push(Buffer.from(memory.subarray(0, length)))) return;
    if (!this.#isFull && !this.#isHeld) this.connection.pause();
    this.#isFull = true;
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  onEnd(): void {
    this.push(null);
  }

  onClose(): void {
    this.destroy();
  }

  override _read(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    if (!this.#isHeld) this.connection.resume();
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    if (this.connection.write(chunk, 0, chunk.length)) written();
    else this.#written = written;
  }

  override _writev(chunks: { readonly chunk: Buffer }[], written: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', written);
  }

  override _final(ended: () => void): void {
    this.connection.end();
    ended();
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.connection.destroy();
    destroyed(error);
  }
}
