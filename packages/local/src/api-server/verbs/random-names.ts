/** Names and identities that nobody chose. */
import { randomInt, type Random } from '@sluice/kernel';

/** Without letters and digits that look alike, or that could form words (apimachinery's `rand`). */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
export const SUFFIX_LENGTH = 5;

export function randomSuffix(random: Random): string {
  let suffix = '';
  for (let index = 0; index < SUFFIX_LENGTH; index++) {
    suffix += SUFFIX_LETTERS[randomInt(random, SUFFIX_LETTERS.length)] ?? '';
  }
  return suffix;
}

/** A version 4 UUID (RFC 9562 section 5.4) from the given source. */
export function randomUid(random: Random): string {
  const bytes = Buffer.alloc(16);
  for (let index = 0; index < 16; index++) bytes[index] = randomInt(random, 256);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
