/** A body on its way through transforms, which take what comes and give what leaves in their own time. */
import { Buffer } from 'node:buffer';
import type { CreateTransform, TransformSink } from '../body-transform.ts';
import { TransformPipe } from '../transform-pipe.ts';

/** The stream, as the bodies it has transformed see it. */
export interface TransformOwner {
  readonly isActive: boolean;
  inTurn(work: () => void): void;
  /** False when whoever gets it is slow. */
  writeTransformed(bytes: Buffer): boolean;
  /** More of the body may come. */
  resumeSource(): void;
  completeTransformed(): void;
  crash(error: unknown): void;
}

export class TransformedBody implements TransformSink {
  readonly #owner: TransformOwner;
  readonly #transforms: TransformPipe;

  constructor(owner: TransformOwner) {
    this.#owner = owner;
    this.#transforms = new TransformPipe(this);
  }

  /** Puts one more behind the others. Before any byte has come. */
  append(create: CreateTransform): void {
    this.#transforms.append(create);
  }

  /** Copies: the memory is lent for the call only. False when the transforms have enough for now. */
  write(memory: Buffer, start: number, end: number): boolean {
    return this.#transforms.write(Buffer.from(memory.subarray(start, end)));
  }

  end(): void {
    this.#transforms.end();
  }

  resume(): void {
    this.#transforms.resume();
  }

  close(): void {
    this.#transforms.close();
  }

  // — what the last transform says —

  onData(bytes: Buffer): void {
    if (!this.#owner.isActive) return;
    this.#owner.inTurn(() => {
      if (!this.#owner.writeTransformed(bytes)) this.#transforms.pause();
    });
  }

  onReady(): void {
    if (this.#owner.isActive) this.#owner.inTurn(() => this.#owner.resumeSource());
  }

  onEnd(): void {
    if (this.#owner.isActive) this.#owner.inTurn(() => this.#owner.completeTransformed());
  }

  onError(error: unknown): void {
    this.#owner.inTurn(() => this.#owner.crash(error));
  }
}
