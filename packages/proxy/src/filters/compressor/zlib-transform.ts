/** A compressor of Node's zlib as a transform of response bodies. Its work is done on Node's pool of threads. */
import type { Buffer } from 'node:buffer';
import type { BrotliCompress, Gzip } from 'node:zlib';
import type { BodyTransform, TransformSink } from '../../body-transform.ts';

export class ZlibTransform implements BodyTransform {
  readonly #zlib: Gzip | BrotliCompress;

  constructor(zlib: Gzip | BrotliCompress, sink: TransformSink, onBytes: (written: number) => void) {
    this.#zlib = zlib;
    zlib.on('data', (bytes: Buffer) => {
      onBytes(bytes.length);
      sink.onData(bytes);
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
