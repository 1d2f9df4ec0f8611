/** `x-request-id`: a version 4 UUID (RFC 9562 5.4) from the proxy's own generator. It identifies, it protects nothing. */
import type { Random } from '@sluice/kernel';

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function createRequestId(random: Random): string {
  const a = (random.next() * 0x1_0000_0000) >>> 0;
  const b = (random.next() * 0x1_0000_0000) >>> 0;
  const c = (random.next() * 0x1_0000_0000) >>> 0;
  const d = (random.next() * 0x1_0000_0000) >>> 0;
  return `${word(a)}-${half(b >>> 16)}-${half((b & 0x0fff) | 0x4000)}-${half(((c >>> 16) & 0x3fff) | 0x8000)}-${half(c & 0xffff)}${word(d)}`;
}

function word(bits: number): string {
  return half(bits >>> 16) + half(bits & 0xffff);
}

function half(bits: number): string {
  return (hexOfByte[bits >>> 8] as string) + (hexOfByte[bits & 0xff] as string);
}
