/** Looks at discovery streams on their way: when so many answers have come, and how much went to one of them. */
import type { ConfigServiceHandlers } from '@sluice/xds';
import type { StreamMethod } from '@sluice/xds/testing';

type Stream = Parameters<NonNullable<ConfigServiceHandlers['onDeltaAds']>>[0];
type Message<S> = S extends { send(message: infer M): boolean } ? M : never;
type Request = Parameters<Parameters<Stream['listen']>[0]['onMessage']>[0];

export class AckCounter {
  /** What went to the sampled stream since the last `expect`. */
  sampledBytes = 0;
  readonly #method: StreamMethod<Request, Message<Stream>>;
  readonly #streams = new Set<Stream>();
  #wanted = 0;
  #reached: (() => void) | undefined;
  #unanswered = 0;
  #lastAnswerAt = 0;

  constructor(method: StreamMethod<Request, Message<Stream>>) {
    this.#method = method;
  }

  /** Fulfils when so many answers more have come. */
  expect(count: number): Promise<void> {
    this.sampledBytes = 0;
    this.#wanted = count;
    return new Promise((resolve) => (this.#reached = resolve));
  }

  /** Fulfils with the time of the last answer when nothing has been unanswered for `quietMs`. */
  async settled(quietMs: number): Promise<number> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, quietMs / 4));
      if (this.#unanswered === 0 && performance.now() - this.#lastAnswerAt > quietMs) return this.#lastAnswerAt;
    }
  }

  watched(stream: Stream): Stream {
    this.#streams.add(stream);
    let unanswered = 0;
    return {
      listen: (handler) =>
        stream.listen({
          onMessage: (request) => {
            handler.onMessage(request);
            if (request.responseNonce === '') return;
            unanswered -= 1;
            this.#onAnswer();
          },
          onEnd: (status) => {
            this.#unanswered -= unanswered;
            this.#streams.delete(stream);
            handler.onEnd(status);
          },
        }),
      send: (response) => {
        // Measured on one stream alone, or measuring would cost more than what is measured.
        const [first] = this.#streams;
        unanswered += 1;
        this.#unanswered += 1;
        if (stream === first) this.sampledBytes += this.#method.responseSerialize(response).length;
        return stream.send(response);
      },
      end: (status) => stream.end(status),
    };
  }

  #onAnswer(): void {
    this.#unanswered -= 1;
    this.#lastAnswerAt = performance.now();
    this.#wanted -= 1;
    if (this.#wanted > 0) return;
    this.#reached?.();
    this.#reached = undefined;
  }
}
