/**
 * Views of the memory that is written from, by length. Making one costs a small message about as much as parsing its
 * request line, and most writes begin at the start of the same memory and have one of a few lengths.
 */
import type { Buffer } from 'node:buffer';

/** Chosen: lengths of small messages differ by less than this, so they seldom push each other out. A power of two. */
const places = 512;

/** Beyond this, a view is nothing beside the bytes; and large bodies are written from other memory, which must not push this out. */
const lengthMax = 16 * 1024;

export class WriteViews {
  #memory: Buffer | undefined;
  #views: (Buffer | undefined)[] = [];
  /** Of other memory that is written from again and again; what was seen only once has none. */
  readonly #others = new WeakMap<Buffer, (Buffer | undefined)[]>();

  /** The bytes of `memory` from `start` to `end`, as a buffer that nobody changes the bounds of. */
  of(memory: Buffer, start: number, end: number): Buffer {
    if (start !== 0 || end > lengthMax) return memory.subarray(start, end);
    if (memory !== this.#memory && !this.#turnTo(memory)) return memory.subarray(start, end);
    const place = end & (places - 1);
    const known = this.#views[place];
    if (known !== undefined && known.length === end) return known;
    const view = memory.subarray(0, end);
    this.#views[place] = view;
    return view;
  }

  /** False for memory that has not been seen before: it may never come again. */
  #turnTo(memory: Buffer): boolean {
    let views = this.#others.get(memory);
    if (!views) {
      this.#others.set(memory, none);
      return false;
    }
    if (views === none) this.#others.set(memory, (views = Array.from({ length: places }, () => undefined)));
    this.#memory = memory;
    this.#views = views;
    return true;
  }
}

const none: (Buffer | undefined)[] = [];
