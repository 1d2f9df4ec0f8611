/**
 * Our heads and trailers as HPACK (RFC 7541 6). Fields that everybody knows are named by their number, all others are
 * literals that no table remembers: to a proxy, that mostly copies, looking them up would cost more than the bytes do.
 *
 * Before its first head it says that its table is empty, so that the peer keeps none (RFC 7541 6.3), whatever its SETTINGS.
 */
import type { Buffer } from 'node:buffer';
import { writeLatin1, type HeaderBlock } from '../header-block.ts';
import { isWord } from '../head-reader.ts';
import { Known } from '../known-headers.ts';
import type { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import { staticFields } from './header-table.ts';

/** What only means something on a connection of HTTP/1 (RFC 9113 8.2.2), and Host, which is `:authority` here. */
const leftOut = Known.host | Known.connection | Known.keepAlive | Known.proxyConnection | Known.transferEncoding | Known.upgrade | Known.http2Settings;

/** First byte of the kinds of fields, and how much of it holds the number. */
const indexed = 0x80;
const literal = 0x00;
const literalMask = 0x0f;
const stringMask = 0x7f;

/** A length or a number with its first byte. */
const integerBytesMax = 5;
/** Of one field beyond its line: the kind, and two lengths in place of colon, blank and CRLF. */
const fieldOverheadMax = 3 * integerBytesMax;
const pseudoBytesMax = 64;

const lowerCase = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code));

interface StaticName {
  readonly letters: Uint8Array;
  readonly index: number;
}

/** Places for names: a power of two for which no two names have the same place, see `placeOf`. */
const namePlaces = 256;

let placedNames: readonly (StaticName | undefined)[] | undefined;

/** Names with a number, each in its place. Made for the first connection. */
function staticNames(): readonly (StaticName | undefined)[] {
  return (placedNames ??= placeNames());
}

function placeNames(): (StaticName | undefined)[] {
  const placed: (StaticName | undefined)[] = Array.from({ length: namePlaces }, () => undefined);
  for (const [index, { line, nameBytes }] of staticFields().entries()) {
    const letters = line.subarray(0, nameBytes);
    if (nameBytes === 0 || letters[0] === 0x3a) continue;
    placed[placeOf(letters, 0, nameBytes)] ??= { letters, index };
  }
  return placed;
}

/** Found by trial: the weights are the first that tell all names apart. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = lowerCase[bytes[start] as number] as number;
  const middle = lowerCase[bytes[start + (length >> 1)] as number] as number;
  const last = lowerCase[bytes[end - 1] as number] as number;
  return (length * 3 + last * 13 + middle + first) & (namePlaces - 1);
}

const statusNumbers: ReadonlyMap<number, number> = new Map([[200, 8], [204, 9], [206, 10], [304, 11], [400, 12], [404, 13], [500, 14]]);

const authorityIndex = 1;
const methodIndex = 2;
const pathIndex = 4;
const statusIndex = 8;

export class HeadEncoder {
  #hasBegun = false;

  /** Room for all that one head may take. */
  static bytesMax(head: HeaderBlock): number {
    return head.fieldBytesMax + head.lineCount * fieldOverheadMax + pseudoBytesMax;
  }

  static requestBytesMax(head: RequestHead): number {
    return HeadEncoder.bytesMax(head) + head.method.length + head.path.length + head.authority.length;
  }

  /** @param protocol what a CONNECT asks for within its stream (RFC 8441); empty for every other request */
  writeRequest(head: RequestHead, scheme: 'http' | 'https', protocol: string, target: Buffer, start: number): number {
    const { method, path } = head;
    let at = this.#begin(target, start);
    const written = protocol === '' ? method : 'CONNECT';
    if (written === 'GET') target[at++] = indexed | 2;
    else if (written === 'POST') target[at++] = indexed | 3;
    else at = writePseudo(target, at, methodIndex, written);
    at = writePseudo(target, at, authorityIndex, head.authority);
    if (method !== 'CONNECT' || protocol !== '') {
      target[at++] = scheme === 'http' ? indexed | 6 : indexed | 7;
      if (path === '/') target[at++] = indexed | 4;
      else at = writePseudo(target, at, pathIndex, path);
    }
    if (protocol !== '') {
      target[at++] = literal;
      at = writeText(target, at, ':protocol');
      at = writeText(target, at, protocol);
    }
    return writeFields(head, target, at, leftOut);
  }

  writeResponse(head: ResponseHead, target: Buffer, start: number): number {
    let at = this.#begin(target, start);
    const number = statusNumbers.get(head.status);
    if (number !== undefined) target[at++] = indexed | number;
    else at = writePseudo(target, at, statusIndex, String(head.status));
    return writeFields(head, target, at, leftOut);
  }

  writeTrailers(trailers: Trailers, target: Buffer, start: number): number {
    return writeFields(trailers, target, this.#begin(target, start), leftOut | Known.te);
  }

  #begin(target: Buffer, at: number): number {
    if (this.#hasBegun) return at;
    this.#hasBegun = true;
    // Size of the table: 0.
    target[at] = 0x20;
    return at + 1;
  }
}

function writeFields(head: HeaderBlock, target: Buffer, start: number, dropped: number): number {
  const { memory, lineCount } = head;
  let at = start;
  for (let line = 0; line < lineCount; line += 1) {
    const nameEnd = head.nameEndOf(line);
    const known = head.knownOf(line);
    if (nameEnd < 0 || (known & dropped) !== 0) continue;
    const nameStart = head.nameStartOf(line);
    const valueStart = head.valueStartOf(line);
    const valueEnd = head.valueEndOf(line);
    if (known === Known.te && !isWord(memory, valueStart, valueEnd, 'trailers')) continue;
    const index = staticIndexOf(memory, nameStart, nameEnd);
    if (index > 0) {
      at = writeInteger(target, at, literal, literalMask, index);
    } else {
      target[at++] = literal;
      at = writeInteger(target, at, 0, stringMask, nameEnd - nameStart);
      for (let from = nameStart; from < nameEnd; from += 1) target[at++] = lowerCase[memory[from] as number] as number;
    }
    at = writeInteger(target, at, 0, stringMask, valueEnd - valueStart);
    if (valueEnd - valueStart > 64) at += memory.copy(target, at, valueStart, valueEnd);
    else for (let from = valueStart; from < valueEnd; from += 1) target[at++] = memory[from] as number;
  }
  return at;
}

/** The number of a name, 0 for none. */
function staticIndexOf(memory: Buffer, start: number, end: number): number {
  const candidate = staticNames()[placeOf(memory, start, end)];
  if (candidate === undefined || candidate.letters.length !== end - start) return 0;
  const { letters } = candidate;
  for (let at = 0; at < letters.length; at += 1) if (lowerCase[memory[start + at] as number] !== letters[at]) return 0;
  return candidate.index;
}

function writePseudo(target: Buffer, at: number, index: number, value: string): number {
  target[at] = literal | index;
  return writeText(target, at + 1, value);
}

function writeText(target: Buffer, at: number, text: string): number {
  return writeLatin1(target, writeInteger(target, at, 0, stringMask, text.length), text);
}

function writeInteger(target: Buffer, start: number, first: number, mask: number, value: number): number {
  if (value < mask) {
    target[start] = first | value;
    return start + 1;
  }
  target[start] = first | mask;
  let at = start + 1;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}
