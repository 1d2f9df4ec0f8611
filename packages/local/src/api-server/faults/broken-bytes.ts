/** Passes bytes on until an answer breaks off: what the shells do with `breakOff`. */
import type { BreakOff } from '../exchange.ts';

export interface ByteSink {
  write(bytes: Uint8Array): void;
  /** The connection goes, in the middle of whatever it was. Called once. */
  cut(): void;
}

/** @returns takes the next bytes; says whether more may come */
export function breakingAfter({ how, afterBytes }: BreakOff, sink: ByteSink): (bytes: Uint8Array) => boolean {
  let left = afterBytes;
  let isOver = false;
  return (bytes) => {
    if (isOver) return false;
    const part = bytes.subarray(0, left);
    left -= part.length;
    if (part.length > 0) sink.write(part);
    if (left > 0) return true;
    isOver = true;
    if (how === 'cut') sink.cut();
    return false;
  };
}
