/** What may change the bytes of a body on their way. It may take its time; nobody waits in between. */
import type { Buffer } from 'node:buffer';

export interface BodyTransform {
  /** Takes the next bytes, which are its own from now on. False when it has enough for now; `onReady` follows. */
  write(bytes: Buffer): boolean;
  /** Nothing more comes: what is left goes to the sink, then its end. */
  end(): void;
  /** The sink cannot take more for now. */
  pause(): void;
  resume(): void;
  /** The stream is over, in order or not. The sink is not called any more. */
  close(): void;
}

/** Where it goes. Calls come at any time, also from within `write` and `end`. */
export interface TransformSink {
  onData(bytes: Buffer): void;
  onEnd(): void;
  /** `write` said enough, and that is over. */
  onReady(): void;
  onError(error: unknown): void;
}

/** Made when the head is there and its body is about to follow. */
export type CreateTransform = (sink: TransformSink) => BodyTransform;
