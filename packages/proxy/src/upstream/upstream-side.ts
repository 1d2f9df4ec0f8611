/** The upstream half of one stream, as the stream sees it: one plain try, or all that a route asks for beyond that. */
import type { Buffer } from 'node:buffer';
import type { Trailers } from '@sluice/http';

export interface UpstreamSide {
  start(): void;
  /** False when the other side is slow: pause the client until `onUpstreamDrain`. */
  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean;
  writeEnd(trailers: Trailers | undefined): void;
  endTunnel(): void;
  /** Both sides have said their last: the connection closes by itself, when all of it has left. */
  completeTunnel(): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** The stream has waited long enough: hosts that have not answered are told of. */
  noteTimeout(): void;
  /** The stream is over: whatever is still held is let go. */
  release(): void;
}
