/** A response body into which a test pushes bytes, and which it can end or break at any byte. */
export class PushedBody implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => {};

  /** @param signal breaks the body when it aborts, as a transport would */
  constructor(signal?: AbortSignal) {
    signal?.addEventListener('abort', () => this.fail(new Error('aborted')), { once: true });
  }

  push(bytes: Uint8Array | string): void {
    if (this.#end) return;
    this.#chunks.push(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
    this.#wake();
  }

  /** Ends in order, after what was pushed. */
  end(): void {
    this.#end ??= {};
    this.#wake();
  }

  /** Breaks off, after what was pushed. */
  fail(error: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        yield chunk;
        continue;
      }
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
