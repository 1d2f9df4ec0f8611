/**
 * What a field of HTTP/2 is by its name, decided once while it is read: a pseudo field, one of the names with a rule of
 * its own, any other good name, or none at all (RFC 9113 8.2 and 8.3).
 */
import { characterFlags, tokenFlag, valueFlag } from '../characters.ts';
import { Known, knownBitOfBytes } from '../known-headers.ts';

export const FieldKind = {
  regular: 0,
  /** Names with upper-case letters, blanks, control characters, or nothing. */
  badName: 1,
  /** What belongs to one connection of HTTP/1 and must not be here. */
  connectionBound: 2,
  /** May say `trailers` only. */
  te: 3,
  /** Comes in crumbs that are one field for everybody else. */
  cookie: 4,
  method: 5,
  scheme: 6,
  authority: 7,
  path: 8,
  status: 9,
  protocol: 10,
  unknownPseudo: 11,
} as const;

/** Kinds from here on are pseudo fields. */
export const firstPseudoKind: number = FieldKind.method;

const colon = 0x3a;

/** Bytes of a name: what a token is made of, without upper-case letters. */
const nameBytes = Uint8Array.from(characterFlags, (flags, code) => ((flags & tokenFlag) !== 0 && !(code >= 0x41 && code <= 0x5a) ? 1 : 0));

const pseudoKinds: ReadonlyMap<string, number> = new Map([
  [':method', FieldKind.method],
  [':scheme', FieldKind.scheme],
  [':authority', FieldKind.authority],
  [':path', FieldKind.path],
  [':status', FieldKind.status],
  [':protocol', FieldKind.protocol],
]);

const connectionBoundNames = Known.connection | Known.keepAlive | Known.proxyConnection | Known.transferEncoding | Known.upgrade;

/** The kind of the name from `start` to `end`; with `known`, its bit of `Known`, see `knownOfName`. */
export function kindOfName(bytes: Uint8Array, start: number, end: number, known: number): number {
  if (bytes[start] === colon) return pseudoKinds.get(latin1(bytes, start, end)) ?? FieldKind.unknownPseudo;
  for (let at = start; at < end; at += 1) if (nameBytes[bytes[at] as number] === 0) return FieldKind.badName;
  if (start === end) return FieldKind.badName;
  if ((known & (connectionBoundNames | Known.te)) !== 0) return known === Known.te ? FieldKind.te : FieldKind.connectionBound;
  return end - start === 6 && isCookie(bytes, start) ? FieldKind.cookie : FieldKind.regular;
}

export function knownOfName(bytes: Uint8Array, start: number, end: number): number {
  return knownBitOfBytes(bytes, start, end);
}

/** Without control characters, and without blanks around it (RFC 9113 8.2.1). */
export function isGoodValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  const flags = characterFlags;
  for (let at = start; at < end; at += 1) if (((flags[bytes[at] as number] as number) & valueFlag) === 0) return false;
  return !isBlank(bytes[start] as number) && !isBlank(bytes[end - 1] as number);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

const cookieLetters = [...'cookie'].map((letter) => letter.charCodeAt(0));

function isCookie(bytes: Uint8Array, start: number): boolean {
  return cookieLetters.every((letter, index) => bytes[start + index] === letter);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end && at < start + 12; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}
