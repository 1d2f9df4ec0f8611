/** Makes a failing input as small as it gets while it still fails, so that a person sees what is wrong with it. */
import { Buffer } from 'node:buffer';

/** @param fails whether bytes show the failure; must be true for `bytes` */
export function minimise(bytes: Buffer, fails: (bytes: Buffer) => boolean): Buffer {
  let smallest = bytes;
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length; ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (fails(without)) smallest = without;
      else at += size;
    }
  }
  return smallest;
}
