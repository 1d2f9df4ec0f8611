/** The body of a response on its way through a transform, which takes what comes and gives what leaves in its own time. */
import { Buffer } from 'node:buffer';
import type { BodyTransform, CreateTransform, TransformSink } from '../body-transform.ts';

/** The stream, as the bodies it has transformed see it. */
export interface TransformOwner {
  readonly isActive: boolean;
  inTurn(work: () => void): void;
  /** False when the client is slow. */
  writeTransformed(bytes: Buffer): boolean;
  resumeResponse(): void;
  completeResponse(): void;
  crash(error: unknown): void;
}

export class TransformedBody implements TransformSink {
  readonly #owner: TransformOwner;
  readonly #transform: BodyTransform;

  constructor(owner: TransformOwner, create: CreateTransform) {
    this.#owner = owner;
    this.#transform = create(this);
  }

  /** Copies: the memory is lent for the call only. False when the transform has enough for now. */
  write(memory: Buffer, start: number, end: number): boolean {
    return this.#transform.write(Buffer.from(memory.subarray(start, end)));
  }

  end(): void {
    this.#transform.end();
  }

  resume(): void {
    this.#transform.resume();
  }

  close(): void {
    this.#transform.close();
  }

  // — what the transform says —

  onData(bytes: Buffer): void {
    if (!this.#owner.isActive) return;
    this.#owner.inTurn(() => {
      if (!this.#owner.writeTransformed(bytes)) this.#transform.pause();
    });
  }

  onReady(): void {
    if (this.#owner.isActive) this.#owner.inTurn(() => this.#owner.resumeResponse());
  }

  onEnd(): void {
    if (this.#owner.isActive) this.#owner.inTurn(() => this.#owner.completeResponse());
  }

  onError(error: unknown): void {
    this.#owner.inTurn(() => this.#owner.crash(error));
  }
}
