/** Transforms of one body, one behind the other, that look like one. */
import type { Buffer } from 'node:buffer';
import type { BodyTransform, CreateTransform, TransformSink } from './body-transform.ts';

export class TransformPipe implements BodyTransform {
  readonly #sink: TransformSink;
  readonly #transforms: BodyTransform[] = [];

  /** `sink` gets what the last of them gives. */
  constructor(sink: TransformSink) {
    this.#sink = sink;
  }

  /** Puts one more behind the others. Before any byte has come. */
  append(create: CreateTransform): void {
    const index = this.#transforms.length;
    this.#transforms.push(
      create({
        onData: (bytes) => this.#pass(index, bytes),
        onEnd: () => (this.#transforms[index + 1] ?? endOf(this.#sink)).end(),
        onReady: () => {
          const before = this.#transforms[index - 1];
          if (before) before.resume();
          else this.#sink.onReady();
        },
        onError: (error) => this.#sink.onError(error),
      }),
    );
  }

  write(bytes: Buffer): boolean {
    return this.#transforms[0]?.write(bytes) ?? true;
  }

  end(): void {
    (this.#transforms[0] ?? endOf(this.#sink)).end();
  }

  pause(): void {
    this.#transforms.at(-1)?.pause();
  }

  resume(): void {
    this.#transforms.at(-1)?.resume();
  }

  close(): void {
    for (const transform of this.#transforms) transform.close();
  }

  #pass(index: number, bytes: Buffer): void {
    const next = this.#transforms[index + 1];
    if (!next) this.#sink.onData(bytes);
    else if (!next.write(bytes)) this.#transforms[index]?.pause();
  }
}

function endOf(sink: TransformSink): { end(): void } {
  return { end: () => sink.onEnd() };
}
