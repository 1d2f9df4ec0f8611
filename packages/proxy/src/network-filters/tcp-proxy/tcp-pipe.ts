/**
 * One direction of a proxied connection: what the source sends goes to the target, no faster than the target takes it. A
 * source that has sent much reads into memory of its own, which is then written from where it is.
 */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import { OutputWriter, type OutputBuffer } from '../../output-buffer.ts';

/** Bytes after which a source reads into memory of its own: one shared read. */
const largeBytes = 64 * 1024;

export class TcpPipe {
  /** What the source has sent. */
  bytes = 0;
  /** The source has sent its last byte. */
  hasEnded = false;
  readonly #source: Connection;
  readonly #writer: OutputWriter;
  #isDedicated = false;
  #isHeld = false;

  constructor(source: Connection, target: Connection, output: OutputBuffer) {
    this.#source = source;
    this.#writer = new OutputWriter(target, output);
  }

  get isBlocked(): boolean {
    return this.#writer.isBlocked;
  }

  /** The source's memory, during its `onData`. */
  forward(memory: Buffer, length: number): void {
    this.bytes += length;
    this.#writer.write(memory, 0, length, this.#isDedicated);
    if (!this.#isDedicated && this.bytes > largeBytes) {
      this.#isDedicated = true;
      this.#source.dedicateReadMemory(true);
    }
    if (!this.#writer.isBlocked || this.#isHeld) return;
    this.#isHeld = true;
    this.#source.pause();
  }

  /** The target's `onDrain`. */
  drained(): void {
    if (!this.#writer.drained() || !this.#isHeld) return;
    this.#isHeld = false;
    this.#source.resume();
  }

  /** The source has ended in order: so does the target, after all that is on its way. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#writer.end();
  }

  /** Hands all to the target. What it does not take at once, it is blocked by. */
  flush(): void {
    this.#writer.output.flushOf(this.#writer);
  }

  /** The target is gone. */
  discard(): void {
    this.#writer.output.discard(this.#writer);
  }
}
