/**
 * The first message of a TLS client, as far as a proxy needs it that does not answer it: which name it asks for and
 * which protocols it offers. RFC 8446 4.1.2 and 5.1, RFC 6066 3, RFC 7301 3.1. Every length is checked against what is
 * there; a message in several records is put together first.
 */
import { Buffer } from 'node:buffer';

export type ClientHello =
  /** What has come could still become one. */
  | { readonly kind: 'incomplete' }
  /** Something else than TLS. */
  | { readonly kind: 'not-tls' }
  /** It begins like one and is none. */
  | { readonly kind: 'malformed' }
  /** It says that it is longer than is allowed. */
  | { readonly kind: 'too-large' }
  | {
      readonly kind: 'hello';
      /** In lower case; empty when it names nobody. */
      readonly serverName: string;
      readonly applicationProtocols: readonly string[];
    };

/** Envoy's limit for one message, in bytes of its records. RFC 8446 allows 64 KiB; real ones have at most 4. */
export const clientHelloBytesMax = 16 * 1024;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const recordHeadBytes = 5;
const messageHeadBytes = 4;
/** RFC 8446 5.1: bytes of one record's content. */
const recordBytesMax = 16_384;

const incomplete: ClientHello = { kind: 'incomplete' };
const notTls: ClientHello = { kind: 'not-tls' };
const malformed: ClientHello = { kind: 'malformed' };
const tooLarge: ClientHello = { kind: 'too-large' };

/** @param bytesMax of the message */
export function readClientHello(bytes: Buffer, bytesMax: number = clientHelloBytesMax): ClientHello {
  if (bytes.length === 0) return incomplete;
  if (bytes[0] !== handshakeRecord) return notTls;
  // Any minor version: middleboxes have written 3.1 and 3.3 here (RFC 8446 D.4).
  if (bytes.length > 1 && bytes[1] !== 3) return notTls;
  const message = gather(bytes, bytesMax);
  if (message === 'incomplete') return incomplete;
  if (message === 'malformed') return malformed;
  if (message === 'too-large') return tooLarge;
  return readMessage(message);
}

/** The handshake message out of its records, without its own head. Looks at each record once and copies at most once. */
function gather(bytes: Buffer, bytesMax: number): Buffer | 'incomplete' | 'malformed' | 'too-large' {
  const pieces: Buffer[] = [];
  let gathered = 0;
  /** Type and length of the message, as far as they have come. */
  const head: number[] = [];
  let at = 0;
  for (;;) {
    if (bytes.length - at < recordHeadBytes) return 'incomplete';
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3) return 'malformed';
    const recordBytes = bytes.readUInt16BE(at + 3);
    if (recordBytes === 0 || recordBytes > recordBytesMax) return 'malformed';
    at += recordHeadBytes;
    const piece = bytes.subarray(at, at + recordBytes);
    pieces.push(piece);
    gathered += piece.length;
    head.push(...piece.subarray(0, messageHeadBytes - head.length));
    if (head.length > 0 && head[0] !== clientHelloMessage) return 'malformed';
    const [, high = 0, middle = 0, low = 0] = head;
    const messageBytes = head.length < messageHeadBytes ? Number.POSITIVE_INFINITY : (high << 16) | (middle << 8) | low;
    if (Number.isFinite(messageBytes) && messageBytes > bytesMax) return 'too-large';
    const end = messageHeadBytes + messageBytes;
    if (gathered >= end) return (pieces.length === 1 ? piece : Buffer.concat(pieces)).subarray(messageHeadBytes, end);
    if (piece.length < recordBytes) return 'incomplete';
    at += recordBytes;
  }
}

function readMessage(message: Buffer): ClientHello {
  // legacy_version, random
  let at = 2 + 32;
  if (message.length < at + 1) return malformed;
  // legacy_session_id
  at += 1 + (message[at] as number);
  if (message.length < at + 2) return malformed;
  // cipher_suites
  at += 2 + message.readUInt16BE(at);
  if (message.length < at + 1) return malformed;
  // legacy_compression_methods
  at += 1 + (message[at] as number);
  // Before TLS 1.3 there need be no extensions.
  if (message.length === at) return { kind: 'hello', serverName: '', applicationProtocols: [] };
  if (message.length < at + 2 || at + 2 + message.readUInt16BE(at) !== message.length) return malformed;
  return readExtensions(message, at + 2);
}

const serverNameExtension = 0;
const alpnExtension = 16;

function readExtensions(message: Buffer, start: number): ClientHello {
  let serverName: string | undefined;
  let protocols: readonly string[] | undefined;
  let at = start;
  while (at < message.length) {
    if (message.length - at < 4) return malformed;
    const type = message.readUInt16BE(at);
    const end = at + 4 + message.readUInt16BE(at + 2);
    if (end > message.length) return malformed;
    const body = message.subarray(at + 4, end);
    if (type === serverNameExtension) {
      if (serverName !== undefined) return malformed;
      serverName = readServerName(body);
      if (serverName === undefined) return malformed;
    }
    if (type === alpnExtension) {
      if (protocols !== undefined) return malformed;
      protocols = readProtocols(body);
      if (protocols === undefined) return malformed;
    }
    at = end;
  }
  return { kind: 'hello', serverName: serverName ?? '', applicationProtocols: protocols ?? [] };
}

/** A list of names of which only the first kind was ever defined, and of that there may be one. */
function readServerName(body: Buffer): string | undefined {
  if (body.length < 5 || body.readUInt16BE(0) !== body.length - 2 || body[2] !== 0) return undefined;
  const nameBytes = body.readUInt16BE(3);
  if (nameBytes === 0 || nameBytes > 255 || 5 + nameBytes !== body.length) return undefined;
  const name = body.toString('latin1', 5);
  return /^[a-z0-9._-]+$/i.test(name) ? name.toLowerCase() : undefined;
}

function readProtocols(body: Buffer): readonly string[] | undefined {
  if (body.length < 4 || body.readUInt16BE(0) !== body.length - 2) return undefined;
  const protocols: string[] = [];
  let at = 2;
  while (at < body.length) {
    const bytes = body[at] as number;
    if (bytes === 0 || at + 1 + bytes > body.length) return undefined;
    protocols.push(body.toString('latin1', at + 1, at + 1 + bytes));
    at += 1 + bytes;
  }
  return protocols;
}
