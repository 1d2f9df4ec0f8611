/**
 * Heads and trailers out of HPACK (RFC 7541 3 and 6) into our own, in one pass: decoded, counted against the limits and
 * checked by the rules of RFC 9113 8.2 and 8.3 before anybody sees them. What breaks a rule or a limit is read to its
 * end all the same, because the table of a connection must go on being what its peer believes it to be.
 */
import { Buffer } from 'node:buffer';
import { isFieldName, isOriginForm } from '../characters.ts';
import { createHeaderLine, HeaderBlock, type HeaderLine } from '../header-block.ts';
import { isWord, parseContentLength, textOf, type HeadLimits } from '../head-reader.ts';
import { Known } from '../known-headers.ts';
import type { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import { isAuthority } from '../request-reader.ts';
import { FieldKind, firstPseudoKind, isGoodValue, kindOfName, knownOfName } from './field-kind.ts';
import { createTableField, fieldOverheadBytes, HeaderTable, staticFieldsMax, type TableField } from './header-table.ts';
import { decodedBytesMax, decodeHuffman } from './huffman.ts';

/**
 * What was read. `malformed`: `fault` says why. `too-large`, `too-many-fields`: beyond the limits, and not kept.
 * `bad-code`: no HPACK; nothing more can be read on this connection.
 */
export type HeadVerdict = 'whole' | 'malformed' | 'too-large' | 'too-many-fields' | 'bad-code';

/** Colon, space, CR, LF. */
const lineFramingBytes = 4;

interface AddedField {
  /** The value with its length, as it came. */
  readonly coded: Buffer;
  readonly field: TableField;
}

/** Longer values are seldom said twice. */
const addedBytesMax = 64;

/** What routes or frames a message has no place behind it (RFC 9110 6.5.1): it is dropped, as behind chunks. */
const droppedOfTrailers =
  Known.host | Known.trailer | Known.expect | Known.contentLength | Known.forwardedFor | Known.forwardedProto | Known.envoy | Known.http2Settings | Known.te;
const droppedNamesOfTrailers = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'cache-control', 'content-encoding', 'content-range'];

const nothing = '';

export class HeadDecoder {
  limits: HeadLimits;
  /** Whether a request may ask for another protocol within its stream (RFC 8441). */
  allowsProtocol = false;
  /** Why the last head was malformed. */
  fault: string = nothing;
  /** Of the last request: what its CONNECT asks for; empty for all others. */
  protocol: string = nothing;
  readonly #table: HeaderTable;
  /** By the number of their name: fields that were added to the table, as they were coded. Peers often add the same again. */
  readonly #added: (AddedField | undefined)[] = [];
  readonly #nobody = new HeaderBlock();
  // Of the block that is being read.
  #head: HeaderBlock = this.#nobody;
  /** Where the next line goes in the head's memory. */
  #at = 0;
  /** Where the string ended that was read last. */
  #next = 0;
  #size = 0;
  #fields = 0;
  #isKept = true;
  #sawRegular = false;
  #cookies = 0;
  #contentLength = -1;
  #method: string = nothing;
  #scheme: string = nothing;
  #authority: string = nothing;
  #path: string = nothing;
  #status: string = nothing;
  // Strings of the requests before: a client mostly asks the same host, and often for the same.
  #lastPath: string = nothing;
  #goodPath: string = nothing;
  #lastAuthority: string = nothing;
  #goodAuthority: string = nothing;
  #hostLine: HeaderLine = createHeaderLine('host', '');

  constructor(tableBytesAllowed: number, limits: HeadLimits) {
    this.#table = new HeaderTable(tableBytesAllowed);
    this.limits = limits;
  }

  /** The peer has heard how much of the table it may use. */
  allowTable(bytesMax: number): void {
    this.#table.allow(bytesMax);
  }

  readRequest(bytes: Buffer, start: number, end: number, head: RequestHead, endsStream: boolean): HeadVerdict {
    if (!this.#decode(bytes, start, end, head)) return 'bad-code';
    if (this.#fields > this.limits.fieldsMax) return 'too-many-fields';
    if (this.fault === nothing) this.#concludeRequest(head, endsStream);
    if (this.fault !== nothing) return 'malformed';
    return this.#isKept ? 'whole' : 'too-large';
  }

  /** What frames the body is left to the caller, who knows what was asked. `contentLength` is -1 where none is stated. */
  readResponse(bytes: Buffer, start: number, end: number, head: ResponseHead): HeadVerdict {
    if (!this.#decode(bytes, start, end, head)) return 'bad-code';
    if (this.#fields > this.limits.fieldsMax) return 'too-many-fields';
    if (this.#method !== nothing || this.#scheme !== nothing || this.#authority !== nothing || this.#path !== nothing || this.protocol !== nothing) this.#blame('a pseudo field of requests');
    if (!/^[1-5]\d\d$/.test(this.#status)) this.#blame(`status ${JSON.stringify(this.#status)}`);
    if (this.fault !== nothing) return 'malformed';
    if (!this.#isKept) return 'too-large';
    this.#joinCookies(head);
    head.status = Number(this.#status);
    head.contentLength = this.#contentLength;
    return 'whole';
  }

  readTrailers(bytes: Buffer, start: number, end: number, trailers: Trailers): HeadVerdict {
    if (!this.#decode(bytes, start, end, trailers)) return 'bad-code';
    if (this.#fields > this.limits.fieldsMax) return 'too-many-fields';
    if (this.#method !== nothing || this.#scheme !== nothing || this.#authority !== nothing || this.#path !== nothing || this.#status !== nothing || this.protocol !== nothing) this.#blame('a pseudo field in trailers');
    if (this.fault !== nothing) return 'malformed';
    if (!this.#isKept) return 'too-large';
    trailers.removeKnown(droppedOfTrailers);
    for (const name of droppedNamesOfTrailers) trailers.remove(name);
    return 'whole';
  }

  /** Reads what nobody wants. False when it is no HPACK. */
  skip(bytes: Buffer, start: number, end: number): boolean {
    this.#isKept = false;
    const isGood = this.#decode(bytes, start, end, this.#nobody, false);
    this.#nobody.shrinkMemory(0);
    return isGood;
  }

  // — HPACK —

  #decode(bytes: Buffer, start: number, end: number, head: HeaderBlock, isKept = true): boolean {
    this.#head = head;
    this.#at = 0;
    this.#size = 0;
    this.#fields = 0;
    this.#isKept = isKept;
    this.#sawRegular = false;
    this.#cookies = 0;
    this.#contentLength = -1;
    this.#method = this.#scheme = this.#authority = this.#path = this.#status = nothing;
    this.protocol = nothing;
    this.fault = nothing;
    head.clearFields();
    const isGood = this.#decodeFields(bytes, start, end);
    head.endLines(this.#at);
    return isGood;
  }

  #decodeFields(bytes: Buffer, start: number, end: number): boolean {
    let at = this.#readSizes(bytes, start, end);
    if (at < 0) return false;
    while (at < end) {
      const first = bytes[at] as number;
      if ((first & 0x80) !== 0) {
        const index = this.#readInteger(bytes, at, end, 0x7f);
        const field = this.#table.at(index);
        if (!field) return false;
        this.#takeIndexed(field);
      } else if ((first & 0x40) !== 0) {
        if (!this.#readLiteral(bytes, at, end, 0x3f, true)) return false;
      } else if ((first & 0x20) !== 0) {
        // A change of the table's size after a field (RFC 7541 4.2).
        return false;
      } else if (!this.#readLiteral(bytes, at, end, 0x0f, false)) {
        return false;
      }
      at = this.#next;
    }
    return true;
  }

  /** Changes of the table's size, which stand before all fields. Where they end, or -1. */
  #readSizes(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && ((bytes[at] as number) & 0xe0) === 0x20) {
      const size = this.#readInteger(bytes, at, end, 0x1f);
      if (size < 0 || !this.#table.resize(size)) return -1;
      at = this.#next;
    }
    return this.#table.isTooLarge ? -1 : at;
  }

  /** An integer whose prefix is what `mask` leaves of its first byte (RFC 7541 5.1); -1 when it is none, or beyond all use. */
  #readInteger(bytes: Buffer, start: number, end: number, mask: number): number {
    let value = (bytes[start] as number) & mask;
    let at = start + 1;
    if (value === mask) {
      for (let shift = 0; ; shift += 7) {
        if (at >= end || shift > 21) return -1;
        const byte = bytes[at] as number;
        at += 1;
        value += (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
      }
    }
    this.#next = at;
    return value;
  }

  #readLiteral(bytes: Buffer, start: number, end: number, mask: number, isIndexed: boolean): boolean {
    const index = this.#readInteger(bytes, start, end, mask);
    if (index < 0) return false;
    const codedAt = this.#next;
    if (isIndexed && index > 0 && index <= staticFieldsMax) {
      const added = this.#added[index];
      if (added && this.#addAgain(added, bytes, end)) return true;
    }
    const head = this.#head;
    const lineStart = this.#at;
    let nameEnd: number;
    let kind: number;
    let known: number;
    if (index === 0) {
      nameEnd = this.#readString(bytes, this.#next, end, lineStart);
      if (nameEnd < 0) return false;
      known = knownOfName(head.memory, lineStart, nameEnd);
      kind = kindOfName(head.memory, lineStart, nameEnd, known);
    } else {
      const named = this.#table.at(index);
      if (!named) return false;
      nameEnd = lineStart + named.nameBytes;
      head.growMemory(nameEnd + lineFramingBytes, lineStart);
      copyBytes(named.line, named.nameBytes, head.memory, lineStart);
      kind = named.kind;
      known = named.known;
    }
    const valueStart = nameEnd + 2;
    const valueEnd = this.#readString(bytes, this.#next, end, valueStart);
    if (valueEnd < 0) return false;
    const { memory } = head;
    memory[nameEnd] = 0x3a;
    memory[nameEnd + 1] = 0x20;
    memory[valueEnd] = 0x0d;
    memory[valueEnd + 1] = 0x0a;
    if (isIndexed) {
      const field = createTableField(memory, lineStart, nameEnd, valueStart, valueEnd);
      this.#table.add(field);
      if (index > 0 && index <= staticFieldsMax && this.#next - codedAt <= addedBytesMax) this.#added[index] = { coded: Buffer.from(bytes.subarray(codedAt, this.#next)), field };
    }
    if (!this.#count(kind, valueEnd - lineStart - 2 + fieldOverheadBytes)) return true;
    const isGood = isGoodValue(memory, valueStart, valueEnd);
    if (kind >= firstPseudoKind) this.#takePseudo(kind, this.#textOf(kind, memory, valueStart, valueEnd), isGood);
    else this.#take(kind, known, isGood, lineStart, nameEnd, valueEnd);
    return true;
  }

  /** True when the value at hand is coded as it was when its name was last added: then so is the field. */
  #addAgain({ coded, field }: AddedField, bytes: Buffer, end: number): boolean {
    const from = this.#next;
    const { length } = coded;
    if (end - from < length) return false;
    for (let at = 0; at < length; at += 1) if (bytes[from + at] !== coded[at]) return false;
    this.#next = from + length;
    this.#table.add(field);
    this.#takeIndexed(field);
    return true;
  }

  /** Writes a string at `to` of the head's memory, with room for the framing behind it. Where it ends there, or -1. */
  #readString(bytes: Buffer, start: number, end: number, to: number): number {
    if (start >= end) return -1;
    const isCoded = ((bytes[start] as number) & 0x80) !== 0;
    const length = this.#readInteger(bytes, start, end, 0x7f);
    const from = this.#next;
    if (length < 0 || length > end - from) return -1;
    this.#next = from + length;
    const head = this.#head;
    head.growMemory(to + (isCoded ? decodedBytesMax(length) : length) + lineFramingBytes, to);
    if (isCoded) return decodeHuffman(bytes, from, from + length, head.memory, to);
    copyRange(bytes, from, length, head.memory, to);
    return to + length;
  }

  // — fields —

  /** False when it is one too many, or too large, and must not be kept. */
  #count(kind: number, size: number): boolean {
    if (kind < firstPseudoKind) this.#fields += 1;
    this.#size += size;
    if (this.#size > this.limits.headBytesMax || this.#fields > this.limits.fieldsMax) this.#isKept = false;
    return this.#isKept;
  }

  #takeIndexed(field: TableField): void {
    const { kind, line } = field;
    if (!this.#count(kind, field.size)) return;
    if (kind >= firstPseudoKind) return this.#takePseudo(kind, field.text, field.hasGoodValue);
    const start = this.#at;
    this.#head.growMemory(start + line.length, start);
    copyBytes(line, line.length, this.#head.memory, start);
    this.#take(kind, field.known, field.hasGoodValue, start, start + field.nameBytes, start + line.length - 2);
  }

  /** The line from `start` belongs to the head, if it may. */
  #take(kind: number, known: number, hasGoodValue: boolean, start: number, nameEnd: number, valueEnd: number): void {
    this.#sawRegular = true;
    if (!hasGoodValue) return this.#blame('the value of a field');
    const { memory } = this.#head;
    switch (kind) {
      case FieldKind.badName:
        return this.#blame('the name of a field');
      case FieldKind.connectionBound:
        return this.#blame(`field ${memory.toString('latin1', start, nameEnd)}`);
      case FieldKind.te:
        if (!isWord(memory, nameEnd + 2, valueEnd, 'trailers')) return this.#blame('field te');
        break;
      case FieldKind.cookie:
        this.#cookies += 1;
        break;
      default:
    }
    if (known === Known.contentLength) {
      const length = parseContentLength(memory, nameEnd + 2, valueEnd);
      if (length < 0 || this.#contentLength >= 0) return this.#blame('content-length');
      this.#contentLength = length;
    }
    this.#head.pushLine(start, nameEnd, nameEnd + 2, valueEnd, known);
    this.#at = valueEnd + 2;
  }

  #takePseudo(kind: number, text: string, hasGoodValue: boolean): void {
    if (this.#sawRegular) return this.#blame('a pseudo field behind others');
    if (text === nothing || !hasGoodValue) return this.#blame('the value of a pseudo field');
    switch (kind) {
      case FieldKind.method:
        if (this.#method !== nothing) return this.#blame(':method twice');
        this.#method = text;
        return;
      case FieldKind.scheme:
        if (this.#scheme !== nothing) return this.#blame(':scheme twice');
        this.#scheme = text;
        return;
      case FieldKind.authority:
        if (this.#authority !== nothing) return this.#blame(':authority twice');
        this.#authority = text;
        return;
      case FieldKind.path:
        if (this.#path !== nothing) return this.#blame(':path twice');
        this.#path = text;
        return;
      case FieldKind.status:
        if (this.#status !== nothing) return this.#blame(':status twice');
        this.#status = text;
        return;
      case FieldKind.protocol:
        if (this.protocol !== nothing || !this.allowsProtocol) return this.#blame(':protocol');
        this.protocol = text;
        return;
      default:
        return this.#blame('a pseudo field that there is not');
    }
  }

  #textOf(kind: number, memory: Buffer, start: number, end: number): string {
    if (kind === FieldKind.path) return (this.#lastPath = textOf(memory, start, end, this.#lastPath));
    if (kind === FieldKind.authority) return (this.#lastAuthority = textOf(memory, start, end, this.#lastAuthority));
    return memory.toString('latin1', start, end);
  }

  #blame(fault: string): void {
    if (this.fault === nothing) this.fault = fault;
  }

  // — requests —

  #concludeRequest(head: RequestHead, endsStream: boolean): void {
    const { protocol } = this;
    const method = this.#method;
    if (this.#status !== nothing) this.#blame(':status of a request');
    if (!isFieldName(method)) this.#blame(':method');
    this.#joinCookies(head);
    head.method = method;
    if (!this.#addressRequest(head)) this.#blame(':authority');
    if (method === 'CONNECT' && protocol === nothing) {
      if (this.#scheme !== nothing || this.#path !== nothing) this.#blame(':path of CONNECT');
      head.path = this.#authority;
    } else {
      if (protocol !== nothing && method !== 'CONNECT') this.#blame(':protocol');
      if (this.#scheme !== 'http' && this.#scheme !== 'https') this.#blame(':scheme');
      if (!this.#isGoodPath(method)) this.#blame(':path');
      head.path = this.#path;
    }
    this.#frameRequest(head, endsStream);
  }

  /** Who is asked for must not depend on who reads it: Host, where it is there too, says the same. */
  #addressRequest(head: RequestHead): boolean {
    const host = (head.known & Known.host) === 0 ? undefined : (head.get('host') ?? nothing);
    const authority = this.#authority === nothing ? (host ?? nothing) : this.#authority;
    if (authority === nothing || (host !== undefined && host.toLowerCase() !== authority.toLowerCase())) return false;
    if (authority !== this.#goodAuthority) {
      const line = createHeaderLine('host', authority);
      const valueStart = line.name.length + 2;
      if (!isAuthority(line.bytes, valueStart, line.bytes.length - 2)) return false;
      this.#goodAuthority = authority;
      this.#hostLine = line;
    }
    this.#authority = authority;
    head.authority = authority;
    if (host !== undefined) head.removeKnown(Known.host);
    head.addLine(this.#hostLine);
    return true;
  }

  #isGoodPath(method: string): boolean {
    const path = this.#path;
    if (path === this.#goodPath && path !== nothing) return true;
    if (path === '*') return method === 'OPTIONS';
    if (!isOriginForm(path)) return false;
    this.#goodPath = path;
    return true;
  }

  #frameRequest(head: RequestHead, endsStream: boolean): void {
    const length = this.#contentLength;
    if (endsStream) {
      head.framing = 'none';
      head.contentLength = 0;
      if (length > 0) this.#blame('content-length without a body');
      return;
    }
    // A length of 0 whose end has not come is still to be proved right.
    head.framing = length < 0 ? 'chunked' : 'length';
    head.contentLength = Math.max(length, 0);
  }

  /** The crumbs as one field, which everybody can read (RFC 9113 8.2.3). */
  #joinCookies(head: HeaderBlock): void {
    if (this.#cookies < 2 || !this.#isKept) return;
    const cookies: string[] = [];
    head.forEach((name, value) => {
      if (name === 'cookie') cookies.push(value);
    });
    head.set('cookie', cookies.join('; '));
  }
}

/** Fields are short, and short pieces are copied faster by a loop than by a call into the engine. */
function copyBytes(from: Uint8Array, bytes: number, to: Uint8Array, at: number): void {
  for (let index = 0; index < bytes; index += 1) to[at + index] = from[index] as number;
}

function copyRange(from: Buffer, start: number, bytes: number, to: Buffer, at: number): void {
  if (bytes > 64) from.copy(to, at, start, start + bytes);
  else for (let index = 0; index < bytes; index += 1) to[at + index] = from[start + index] as number;
}
