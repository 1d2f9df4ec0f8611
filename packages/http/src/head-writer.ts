/**
 * Writes heads and chunk framing as HTTP/1.1 bytes. Whatever the other side sent, what leaves here has one
 * space where one belongs, CRLF line ends and our own version and reason phrase. The caller makes room first.
 */
import type { Buffer } from 'node:buffer';
import { writeLatin1 } from './header-block.ts';
import type { RequestHead, ResponseHead, Trailers } from './message-head.ts';
import { statusLine } from './status.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Room for what is around the fields of a request head. */
export function requestHeadBytesMax(head: RequestHead): number {
  return head.fieldBytesMax + head.method.length + head.path.length + 16;
}

export function writeRequestHead(head: RequestHead, target: Buffer, start: number): number {
  let at = writeLatin1(target, start, head.method);
  target[at++] = 0x20;
  at = writeLatin1(target, at, head.path);
  at = writeLatin1(target, at, ' HTTP/1.1\r\n');
  at = head.writeFields(target, at);
  target[at++] = CR;
  target[at++] = LF;
  return at;
}

/** The longest status line of our own is shorter than this. */
const statusLineBytesMax = 64;

export function responseHeadBytesMax(head: ResponseHead): number {
  return head.fieldBytesMax + statusLineBytesMax + 2;
}

export function writeResponseHead(head: ResponseHead, target: Buffer, start: number): number {
  const line = statusLine(head.status);
  target.set(line, start);
  let at = head.writeFields(target, start + line.length);
  target[at++] = CR;
  target[at++] = LF;
  return at;
}

/** Room for a chunk's size line and the CRLF after its data. */
export const chunkFramingBytesMax = 18;

const hexDigits = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));

/** The size line of a chunk. `dataBytes` must not be 0: that would end the body. */
export function writeChunkSize(dataBytes: number, target: Buffer, start: number): number {
  let digits = 1;
  for (let rest = Math.floor(dataBytes / 16); rest > 0; rest = Math.floor(rest / 16)) digits += 1;
  let rest = dataBytes;
  for (let at = start + digits - 1; at >= start; at -= 1) {
    target[at] = hexDigits[rest % 16] as number;
    rest = Math.floor(rest / 16);
  }
  target[start + digits] = CR;
  target[start + digits + 1] = LF;
  return start + digits + 2;
}

/** The last chunk, the trailers and the end of the body. */
export function writeLastChunk(trailers: Trailers | undefined, target: Buffer, start: number): number {
  let at = start;
  target[at++] = 0x30;
  target[at++] = CR;
  target[at++] = LF;
  if (trailers) at = trailers.writeFields(target, at);
  target[at++] = CR;
  target[at++] = LF;
  return at;
}

const COLON = 0x3a;
const HYPHEN = 0x2d;

/** Writes the names of the fields of a head that stands in `memory` with capitals: `Content-Type`. The first line stays. */
export function writeProperCase(memory: Buffer, start: number, end: number): void {
  let at = memory.indexOf(LF, start) + 1;
  while (at > 0 && at < end - 2) {
    let isFirst = true;
    for (; memory[at] !== COLON && at < end; at += 1) {
      const byte = memory[at] as number;
      if (isFirst && byte >= 0x61 && byte <= 0x7a) memory[at] = byte - 0x20;
      isFirst = byte === HYPHEN;
    }
    at = memory.indexOf(LF, at) + 1;
  }
}
