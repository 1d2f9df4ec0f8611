/** A stream of Node's zlib as a transform of bodies. Its work is done on Node's pool of threads. */
import type { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import type { BodyTransform, TransformSink } from '../../body-transform.ts';

/** Compresses or expands. */
export type ZlibStream = Transform;

export class ZlibTransform implements BodyTransform {
  readonly #zlib: ZlibStream;

  /** `onBytes` hears of what comes out; an error that it gives ends the stream. */
  constructor(zlib: ZlibStream, sink: TransformSink, onBytes: (written: number) => Error | undefined | void) {
    this.#zlib = zlib;
    zlib.on('data', (bytes: Buffer) => {
      const error = onBytes(bytes.length);
      if (error) zlib.destroy(error);
      else sink.onData(bytes);
    });
    zlib.on('drain', () => sink.onReady());
    zlib.on('end', () => sink.onEnd());
    zlib.on('error', (error) => sink.onError(error));
  }

  write(bytes: Buffer): boolean {
    return this.#zlib.write(bytes);
  }

  end(): void {
    this.#zlib.end();
  }

  pause(): void {
    this.#zlib.pause();
  }

  resume(): void {
    this.#zlib.resume();
  }

  close(): void {
    this.#zlib.removeAllListeners();
    // Work that is under way may still fail; nobody is interested.
    this.#zlib.on('error', () => {});
    this.#zlib.destroy();
  }
}
