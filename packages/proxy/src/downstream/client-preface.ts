/** The first bytes of a client: whether they are the preface of HTTP/2 (RFC 9113 3.4). */
import type { Buffer } from 'node:buffer';
import { clientPreface } from '@sluice/http';

/** In place of a number of bytes: it is none. */
export const noPreface = -1;

/** How much of the preface has come with these bytes, `before` of it earlier. */
export function matchPreface(before: number, memory: Buffer, length: number): number {
  const compared = Math.min(clientPreface.length - before, length);
  return clientPreface.compare(memory, 0, compared, before, before + compared) === 0 ? before + compared : noPreface;
}
