/**
 * MurmurHash2 in 64 bits with the seed of libstdc++'s `std::hash`: what Envoy's rings with `MURMUR_HASH_2` place hosts by.
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash2.cpp. Only hosts are placed with it, never requests, so
 * it may take its time.
 */
import type { Hash64 } from './hash64.ts';

const multiplier = 0xc6a4a7935bd1e995n;
const seed = 0xc70f6907n;
const mask = 0xffff_ffff_ffff_ffffn;
const shift = 47n;

/** The hash of the text's bytes in UTF-8. */
export function murmurHash2(text: string): Hash64 {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let hash = seed ^ times(BigInt(bytes.length));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const block = times(view.getBigUint64(at, true));
    hash = times(hash ^ times(block ^ (block >> shift)));
  }
  if (at < bytes.length) {
    let rest = 0n;
    for (let index = bytes.length - 1; index >= at; index -= 1) rest = (rest << 8n) | BigInt(bytes[index] as number);
    hash = times(hash ^ rest);
  }
  hash = times(hash ^ (hash >> shift));
  hash ^= hash >> shift;
  return { high: Number(hash >> 32n), low: Number(hash & 0xffff_ffffn) };
}

function times(value: bigint): bigint {
  return (value * multiplier) & mask;
}
