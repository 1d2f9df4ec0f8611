/** Response heads of HTTP/1.x. Upstreams are trusted no more than clients: the same strictness, the same limits. */
import type { Buffer } from 'node:buffer';
import { characterFlags, valueFlag } from './characters.ts';
import { connectionOptions, hasTabBehind, HeadReader, incomplete, isWord, parseContentLength, refused, type HeadLimits } from './head-reader.ts';
import { Known } from './known-headers.ts';
import { ResponseHead } from './message-head.ts';

const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/** `HTTP/1.x 200` */
const statusLineMin = 12;

export class ResponseReader extends HeadReader<ResponseHead> {
  /** Method of the request that is being answered: it decides whether a body follows. */
  requestMethod = 'GET';

  constructor(limits: HeadLimits, head: ResponseHead = new ResponseHead()) {
    super(head, limits);
  }

  protected override resetHead(): void {
    this.head.reset();
  }

  protected override readFirstLine(bytes: Buffer, _base: number, from: number, end: number): number {
    for (let index = 0; index < versionPrefix.length && from + index < end; index += 1) {
      if (bytes[from + index] !== versionPrefix[index]) return this.refuse('bad-version');
    }
    if (end - from < statusLineMin) return incomplete;
    const minor = (bytes[from + 7] as number) - 0x30;
    if (minor < 0 || minor > 1 || bytes[from + 8] !== SP) return this.refuse('bad-version');
    let status = 0;
    for (let index = 9; index < 12; index += 1) {
      const digit = (bytes[from + index] as number) - 0x30;
      if (digit < 0 || digit > 9) return this.refuse('bad-status');
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599) return this.refuse('bad-status');
    // The reason phrase is checked and not kept: it means nothing (RFC 9112 4), and we write our own.
    let at = from + 12;
    if (at < end && bytes[at] !== SP && bytes[at] !== CR) return this.refuse('bad-status');
    while (at < end && ((characterFlags[bytes[at] as number] as number) & valueFlag) !== 0) at += 1;
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? this.refuse('bad-line-end') : incomplete;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.refuse('bad-line-end');
    this.head.status = status;
    this.head.minorVersion = minor;
    this.head.keepsAlive = minor === 1;
    return at + 2;
  }

  protected override onKnownField(bit: number, bytes: Buffer, start: number, end: number): boolean {
    const head = this.head;
    switch (bit) {
      case Known.contentLength:
        if ((head.known & Known.contentLength) !== 0) return this.refuse('conflicting-length') !== refused;
        head.contentLength = parseContentLength(bytes, start, end);
        return head.contentLength >= 0 || this.refuse('bad-content-length') !== refused;
      case Known.transferEncoding:
        if ((head.known & Known.transferEncoding) !== 0 || !isWord(bytes, start, end, 'chunked') || hasTabBehind(bytes, end)) return this.refuse('bad-transfer-encoding') !== refused;
        return true;
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

  /** RFC 9112 6.3, in its order. */
  protected override conclude(): boolean {
    const head = this.head;
    const chunked = (head.known & Known.transferEncoding) !== 0;
    const hasLength = (head.known & Known.contentLength) !== 0;
    if (head.connectionOptions.length > 0) {
      if (head.connectionOptions.includes('close')) head.keepsAlive = false;
      else if (head.minorVersion === 0 && head.connectionOptions.includes('keep-alive')) head.keepsAlive = true;
    }
    if (chunked && (hasLength || head.minorVersion === 0)) return this.refuse('conflicting-length') !== refused;
    if (this.requestMethod === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) head.framing = 'none';
    else if (chunked) head.framing = 'chunked';
    else if (hasLength) head.framing = head.contentLength > 0 ? 'length' : 'none';
    else {
      head.framing = 'until-close';
      head.keepsAlive = false;
    }
    return true;
  }
}

const versionPrefix = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e];
