/**
 * Versions by content. The same resources have the same version on every replica and after every restart,
 * so a proxy that reconnects with what it has is not sent it again.
 */
import { createHash } from 'node:crypto';

/** How many hex digits of the SHA-256 are kept: 64 bits, so that a clash among millions of versions is not to be expected. */
const versionDigits = 16;

/** The version of one resource: of its bytes, which the codec writes the same way for equal values. */
export function versionOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, versionDigits);
}

/** What one resource adds to the version of the set that it is in: 64 bits of a hash of its name and version. */
export function shareOf(name: string, version: string): bigint {
  return createHash('sha256').update(`${name}\u0000${version}`).digest().readBigUInt64BE(0);
}

/** The version of a set with nothing in it. */
export const emptySetVersion = '0'.repeat(versionDigits);

/**
 * The version of a set after some resources came and others went. A set's version is the sum of its resources' shares
 * modulo 2^64, so that it follows from the content alone, in whatever order it came about, and a change of one among
 * many costs one addition.
 */
export function versionOfChangedSet(version: string, added: Iterable<bigint>, removed: Iterable<bigint> = []): string {
  let sum = BigInt(`0x${version}`);
  for (const share of added) sum += share;
  for (const share of removed) sum -= share;
  return BigInt.asUintN(64, sum).toString(16).padStart(versionDigits, '0');
}
