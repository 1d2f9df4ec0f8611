/** Counts the messages in a gRPC body as it passes: each is a flag, a length of four bytes, and so many bytes. */
const prefixBytes = 5;

export class MessageCounter {
  /** Messages whose prefix has come. */
  count = 0;
  /** Bytes of the current prefix that have come, and the length they say so far. */
  #prefix = 0;
  #length = 0;
  /** Bytes of the current message that are still to come. */
  #left = 0;

  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      // The flag is no part of the length.
      if (this.#prefix > 0) this.#length = this.#length * 256 + (bytes[at] as number);
      this.#prefix += 1;
      at += 1;
      if (this.#prefix === prefixBytes) this.#begin();
    }
  }

  #begin(): void {
    this.count += 1;
    this.#left = this.#length;
    this.#prefix = 0;
    this.#length = 0;
  }
}
