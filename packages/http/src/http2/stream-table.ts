/** The streams of a connection by their identifiers, and how far either side has counted (RFC 9113 5.1.1). */
import { streamIdMax } from './frame.ts';
import type { Http2Stream } from './http2-stream.ts';

export class StreamTable {
  /** Of the peer's making or of ours, not closed. */
  readonly open = new Map<number, Http2Stream>();
  /** Opened by the peer and not let go of yet. */
  held = 0;
  /** Highest that the peer has opened. */
  lastOfPeer = 0;
  /** Streams of the peer above this one are not served. */
  lastServed = streamIdMax;
  /** Highest that we have opened. */
  #lastOwn: number;
  readonly #parityOfPeer: 0 | 1;

  constructor(role: 'server' | 'client') {
    this.#parityOfPeer = role === 'server' ? 1 : 0;
    this.#lastOwn = role === 'client' ? -1 : 0;
  }

  get hasIdentifiers(): boolean {
    return this.#lastOwn + 2 <= streamIdMax;
  }

  nextOwn(): number {
    this.#lastOwn += 2;
    return this.#lastOwn;
  }

  isOfPeer(id: number): boolean {
    return (id & 1) === this.#parityOfPeer;
  }

  /** Nobody has used it yet: whatever names it but HEADERS comes too early. */
  isIdle(id: number): boolean {
    return id > (this.isOfPeer(id) ? this.lastOfPeer : this.#lastOwn);
  }

  /** It is closed, and its owner has let go of it: its place is free. */
  forget(stream: Http2Stream): void {
    if (stream.head) this.held -= 1;
  }
}
