/** Request heads of HTTP/1.x: request line (RFC 9112 3), the fields that frame and address the message, and their rules. */
import type { Buffer } from 'node:buffer';
import { authorityFlag, characterFlags, targetFlag, tokenFlag } from './characters.ts';
import { connectionOptions, hasTabBehind, HeadReader, incomplete, isWord, parseContentLength, refused, textOf, type HeadLimits } from './head-reader.ts';
import { Known } from './known-headers.ts';
import { RequestHead } from './message-head.ts';

const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const SLASH = 0x2f;
const COLON = 0x3a;

/** Letters of a method. Chosen: twice the longest registered one (UPDATEREDIRECTREF, 17), rounded down. */
const methodLengthMax = 32;

export class RequestReader extends HeadReader<RequestHead> {
  #targetStart = 0;
  #targetEnd = 0;
  #hostStart = -1;
  #hostEnd = 0;
  /** Strings of the request before: a kept-alive client mostly asks the same again. */
  #lastPath = '';
  #lastAuthority = '';

  constructor(limits: HeadLimits, head: RequestHead = new RequestHead()) {
    super(head, limits);
  }

  protected override resetHead(): void {
    this.#hostStart = -1;
    this.head.reset();
  }

  protected override readFirstLine(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    // One empty line before a request is forgiven (RFC 9112 2.2); old clients end a body with it.
    if (bytes[at] === CR) {
      if (at + 1 >= end) return incomplete;
      if (bytes[at + 1] !== LF) return this.refuse('bad-line-end');
      at += 2;
    }
    const flags = characterFlags;
    const methodStart = at;
    while (at < end && ((flags[bytes[at] as number] as number) & tokenFlag) !== 0) at += 1;
    if (at - methodStart > methodLengthMax) return this.refuse('bad-method');
    if (at >= end) return incomplete;
    if (bytes[at] !== SP || at === methodStart) return this.refuse('bad-method');
    const methodEnd = at;
    const targetStart = at + 1;
    at = targetStart;
    while (at < end && ((flags[bytes[at] as number] as number) & targetFlag) !== 0) at += 1;
    if (at >= end) return incomplete;
    if (bytes[at] !== SP || at === targetStart) return this.refuse('bad-target');
    const versionStart = at + 1;
    if (end - versionStart < 10) return startsLikeVersion(bytes, versionStart, end) ? incomplete : this.refuse('bad-version');
    if (!isVersion(bytes, versionStart)) return this.refuse('bad-version');
    const major = (bytes[versionStart + 5] as number) - 0x30;
    const minor = (bytes[versionStart + 7] as number) - 0x30;
    if (bytes[versionStart + 8] !== CR || bytes[versionStart + 9] !== LF) return this.refuse(isDigit(bytes[versionStart + 8] as number) ? 'bad-version' : 'bad-line-end');
    if (major !== 1 || minor > 1) return this.refuse('unsupported-version');
    this.head.method = methodOf(bytes, methodStart, methodEnd, this.head.method);
    this.head.minorVersion = minor;
    this.head.keepsAlive = minor === 1;
    this.#targetStart = targetStart - base;
    this.#targetEnd = versionStart - 1 - base;
    return versionStart + 10;
  }

  protected override onKnownField(bit: number, bytes: Buffer, start: number, end: number): boolean {
    const head = this.head;
    switch (bit) {
      case Known.host:
        if ((head.known & Known.host) !== 0 || !isAuthority(bytes, start, end)) return this.refuse('bad-host') !== refused;
        // The copy made later has the same distances; only the start differs.
        this.#lastAuthority = textOf(bytes, start, end, this.#lastAuthority);
        head.authority = this.#lastAuthority;
        this.#hostStart = start;
        this.#hostEnd = end;
        return true;
      case Known.contentLength:
        if ((head.known & Known.contentLength) !== 0) return this.refuse('conflicting-length') !== refused;
        head.contentLength = parseContentLength(bytes, start, end);
        return head.contentLength >= 0 || this.refuse('bad-content-length') !== refused;
      case Known.transferEncoding:
        if ((head.known & Known.transferEncoding) !== 0) return this.refuse('bad-transfer-encoding') !== refused;
        if (isWord(bytes, start, end, 'chunked') && !hasTabBehind(bytes, end)) return true;
        return this.refuse(isCodingName(bytes, start, end) ? 'unsupported-transfer-encoding' : 'bad-transfer-encoding') !== refused;
      case Known.connection: {
        const options = connectionOptions(bytes, start, end, head.connectionOptions);
        if (!options) return this.refuse('bad-connection') !== refused;
        head.connectionOptions = options;
        return true;
      }
      default:
        return true;
    }
  }

  protected override conclude(): boolean {
    const head = this.head;
    if (!this.#frame()) return false;
    if (head.connectionOptions.length > 0) {
      if (head.connectionOptions.includes('close')) head.keepsAlive = false;
      else if (head.minorVersion === 0 && head.connectionOptions.includes('keep-alive')) head.keepsAlive = true;
    }
    if (this.#hostStart < 0 && head.minorVersion === 1) return this.refuse('bad-host') !== refused;
    // An empty Host is only for targets that have no authority (RFC 9110 7.2); ours always need one.
    if (this.#hostStart >= 0 && this.#hostEnd === this.#hostStart) return this.refuse('bad-host') !== refused;
    return this.#readTarget();
  }

  #frame(): boolean {
    const head = this.head;
    const chunked = (head.known & Known.transferEncoding) !== 0;
    const hasLength = (head.known & Known.contentLength) !== 0;
    if (chunked && hasLength) return this.refuse('conflicting-length') !== refused;
    if (chunked && head.minorVersion === 0) return this.refuse('bad-transfer-encoding') !== refused;
    if (chunked) head.framing = 'chunked';
    else if (hasLength && head.contentLength > 0) head.framing = 'length';
    return true;
  }

  /** Origin form, absolute form, `*` for OPTIONS, authority form for CONNECT (RFC 9112 3.2); nothing else. */
  #readTarget(): boolean {
    const head = this.head;
    const bytes = head.memory;
    const start = this.#targetStart;
    const end = this.#targetEnd;
    if (head.method === 'CONNECT') {
      if (!isAuthority(bytes, start, end)) return this.refuse('bad-target') !== refused;
      head.path = bytes.toString('latin1', start, end);
      return true;
    }
    if (bytes[start] === SLASH) {
      head.path = this.#lastPath = textOf(bytes, start, end, this.#lastPath);
      return true;
    }
    const target = bytes.toString('latin1', start, end);
    if (target === '*' && head.method === 'OPTIONS') {
      head.path = target;
      return true;
    }
    const absolute = absoluteForm.exec(target);
    const authority = absolute?.[1] ?? '';
    if (!absolute || !authorityText.test(authority)) return this.refuse('bad-target') !== refused;
    head.path = absolute[2] === undefined || absolute[2] === '' ? '/' : absolute[2].startsWith('?') ? `/${absolute[2]}` : absolute[2];
    head.absoluteScheme = target.charCodeAt(4) === COLON ? 'http' : 'https';
    // The authority of the target replaces Host, also towards the upstream (RFC 9112 3.2.2).
    head.setAuthority(authority);
    return true;
  }
}

const absoluteForm = /^https?:\/\/([^/?@]+)([/?].*)?$/i;
const authorityText = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(?::[0-9]{0,5})?$/;

/** Host and port (RFC 3986 3.2, without user information): one table look per byte, and the port is digits. */
export function isAuthority(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  let at = start;
  if (bytes[at] === 0x5b) {
    do at += 1;
    while (at < end && isAddressByte(bytes[at] as number));
    if (at >= end || bytes[at] !== 0x5d || at === start + 1) return false;
    at += 1;
  } else {
    const flags = characterFlags;
    while (at < end && bytes[at] !== 0x3a) {
      const byte = bytes[at] as number;
      if (((flags[byte] as number) & authorityFlag) === 0 || byte === 0x5b || byte === 0x5d || byte === 0x2c) return false;
      at += 1;
    }
    if (at === start) return false;
  }
  if (at === end) return true;
  if (bytes[at] !== 0x3a || end - at > 6) return false;
  for (at += 1; at < end; at += 1) if (!isDigit(bytes[at] as number)) return false;
  return true;
}

/** Inside the brackets of an IPv6 address: hexadecimal digits, colons, dots. */
function isAddressByte(byte: number): boolean {
  return isDigit(byte) || byte === 0x3a || byte === 0x2e || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isCodingName(bytes: Buffer, start: number, end: number): boolean {
  return /^(gzip|deflate|compress|x-gzip|x-compress)$/i.test(bytes.toString('latin1', start, end));
}

function methodOf(bytes: Buffer, start: number, end: number, previous: string): string {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return 'GET';
  if (end - start === 4 && bytes[start] === 0x50 && isWord(bytes, start, end, 'post') && bytes[start + 1] === 0x4f) return textOf(bytes, start, end, 'POST');
  return textOf(bytes, start, end, previous);
}

const versionPrefix = [0x48, 0x54, 0x54, 0x50, 0x2f];

/** `HTTP/` digit `.` digit, case-sensitive. */
function isVersion(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < 5; index += 1) if (bytes[at + index] !== versionPrefix[index]) return false;
  return isDigit(bytes[at + 5] as number) && bytes[at + 6] === 0x2e && isDigit(bytes[at + 7] as number);
}

/** Whether what has come so far can still become a version, so that other protocols are refused at once. */
function startsLikeVersion(bytes: Buffer, at: number, end: number): boolean {
  const seen = Math.min(5, end - at);
  for (let index = 0; index < seen; index += 1) if (bytes[at + index] !== versionPrefix[index]) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
