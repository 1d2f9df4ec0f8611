/**
 * Keeps one connection of HTTP/2 to its window. Node gives the window back as soon as bytes have come, whoever holds
 * them; so nothing more is read while what is held back for slow readers fills it.
 */
import type { ConnectionDuplex } from './network/connection-duplex.ts';

/** A stream that may hold bytes back. */
export interface HoldingStream {
  readonly heldBytes: number;
}

/** How much may come before it is looked again: as much as one read brings. */
const weighedBytes = 64 * 1024;

export class Http2ReadGate {
  readonly #duplex: ConnectionDuplex;
  readonly #streams: Iterable<HoldingStream>;
  readonly #heldBytesMax: number;
  #unweighedBytes = 0;

  constructor(duplex: ConnectionDuplex, streams: Iterable<HoldingStream>, heldBytesMax: number) {
    this.#duplex = duplex;
    this.#streams = streams;
    this.#heldBytesMax = heldBytesMax;
    duplex.onBytes = (bytes) => this.#onBytes(bytes);
  }

  /** To be called when a stream holds less, or has gone. */
  weigh(): void {
    let heldBytes = 0;
    for (const stream of this.#streams) heldBytes += stream.heldBytes;
    if (heldBytes > this.#heldBytesMax) this.#duplex.hold();
    else this.#duplex.release();
  }

  #onBytes(bytes: number): void {
    this.#unweighedBytes += bytes;
    if (this.#unweighedBytes < weighedBytes) return;
    this.#unweighedBytes = 0;
    this.weigh();
  }
}
