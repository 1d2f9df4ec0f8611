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

interface StaticName {
  readonly letters: readonly number[];
  readonly index: number;
}

/** Names with a number by their length. */
const namesByLength: readonly (readonly StaticName[])[] = indexNames();

function indexNames(): StaticName[][] {
  const byLength: StaticName[][] = Array.from({ length: 32 }, () => []);
  const seen = new Set<string>();
  for (const [index, { line, nameBytes }] of staticFields.entries()) {
    const name = line.toString('latin1', 0, nameBytes);
    if (name === '' || name.startsWith(':') || seen.has(name)) continue;
    seen.add(name);
    byLength[nameBytes]?.push({ letters: [...line.subarray(0, nameBytes)], index });
  }
  return byLength;
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

const lowerCase = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code));

/** The number of a name, 0 for none. */
function staticIndexOf(memory: Buffer, start: number, end: number): number {
  const candidates = namesByLength[end - start];
  if (!candidates) return 0;
  const first = lowerCase[memory[start] as number];
  const last = lowerCase[memory[end - 1] as number];
  for (let index = 0; index < candidates.length; index += 1) {
    const { letters, index: number } = candidates[index] as StaticName;
    if (letters[0] !== first || letters[letters.length - 1] !== last) continue;
    let at = 1;
    while (at < letters.length && lowerCase[memory[start + at] as number] === letters[at]) at += 1;
    if (at >= letters.length) return number;
  }
  return 0;
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
