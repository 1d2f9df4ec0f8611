/**
 * What the peer may still send of bodies: the window of the connection, and the credit that opens it and its streams' again
 * (RFC 9113 5.2 and 6.9). Credit is collected until half a window has gathered, so that not every piece costs a frame.
 */
import type { ControlWriter } from './control-writer.ts';
import { defaultWindowBytes } from './frame.ts';
import type { Http2Limits } from './http2-options.ts';
import type { Http2Stream } from './http2-stream.ts';

export class ReceiveWindow {
  readonly #control: ControlWriter;
  readonly #connectionCreditMin: number;
  readonly #streamCreditMin: number;
  #bytes: number;
  /** Taken, and not given back yet. */
  #creditBytes = 0;

  constructor({ connectionWindowBytes, streamWindowBytes }: Http2Limits, control: ControlWriter) {
    this.#control = control;
    this.#connectionCreditMin = connectionWindowBytes >>> 1;
    this.#streamCreditMin = streamWindowBytes >>> 1;
    this.#bytes = Math.max(connectionWindowBytes, defaultWindowBytes);
  }

  /** So many have come. False: more than the peer was allowed. */
  take(bytes: number): boolean {
    if (bytes > this.#bytes) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Others may follow them. */
  credit(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes < this.#connectionCreditMin) return;
    this.#bytes += this.#creditBytes;
    this.#control.openWindow(0, this.#creditBytes);
    this.#creditBytes = 0;
  }

  creditStream(stream: Http2Stream, bytes: number): void {
    stream.creditBytes += bytes;
    if (stream.creditBytes < this.#streamCreditMin) return;
    stream.receiveWindow += stream.creditBytes;
    this.#control.openWindow(stream.id, stream.creditBytes);
    stream.creditBytes = 0;
  }
}
