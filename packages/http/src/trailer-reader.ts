/** The fields after the last chunk (RFC 9112 7.1.2). */
import type { Buffer } from 'node:buffer';
import { HeadReader, refused, type HeadLimits } from './head-reader.ts';
import { Known } from './known-headers.ts';
import { Trailers } from './message-head.ts';

/** What routes a message, or belongs to one connection, has no place in trailers (RFC 9110 6.5.1): it is dropped. */
const forbidden =
  Known.host | Known.connection | Known.keepAlive | Known.proxyConnection |
  Known.te | Known.upgrade | Known.trailer | Known.expect | Known.forwardedFor | Known.forwardedProto | Known.envoy |
  Known.http2Settings;

const forbiddenNames = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'cache-control', 'content-encoding', 'content-range'];

export class TrailerReader extends HeadReader<Trailers> {
  constructor(limits: HeadLimits) {
    super(new Trailers(), limits);
  }

  protected override resetHead(): void {
    this.head.clearFields();
  }

  protected override readFirstLine(_bytes: Buffer, _base: number, at: number): number {
    return at;
  }

  /** A second framing after the fact is nobody's mistake: somebody hopes that one of two parsers believes it. */
  protected override onKnownField(bit: number): boolean {
    const frames = bit === Known.contentLength || bit === Known.transferEncoding;
    return !frames || this.refuse('conflicting-length') !== refused;
  }

  protected override conclude(): boolean {
    if (this.head.lineCount === 0) return true;
    this.head.removeKnown(forbidden);
    for (const name of forbiddenNames) this.head.remove(name);
    return true;
  }
}
