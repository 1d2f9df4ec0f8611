/** Frames of HTTP/2 by hand, right or wrong, for tests of peers that follow no rules (RFC 9113 4 and 6, RFC 7541). */
import { Buffer } from 'node:buffer';

export const FrameType = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Whole frames one after the other. */
export function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    frames.push({ type: bytes[at + 3] as number, flags: bytes[at + 4] as number, stream: bytes.readUInt32BE(at + 5) & 0x7fffffff, payload: bytes.subarray(at + 9, at + 9 + length) });
    at += 9 + length;
  }
  return frames;
}

/** Fields as literals without indexing, names and values as they are. */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), encodeString(name), encodeString(value)]));
}

export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([encodeInteger(bytes.length, 7), bytes]);
}

/** RFC 7541 5.1; `first` holds the bits before the prefix. */
export function encodeInteger(value: number, prefixBits: number, first = 0): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes: number[] = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** What every request has, for `a.test`. */
export function requestHeaders(changes: Readonly<Record<string, string | undefined>> = {}): readonly (readonly [string, string])[] {
  const all = { ':method': 'GET', ':scheme': 'http', ':authority': 'a.test', ':path': '/', ...changes };
  return Object.entries(all).filter((field): field is [string, string] => field[1] !== undefined);
}

export function headersFrame(stream: number, fields: readonly (readonly [string, string])[] = requestHeaders(), flags: number = Flag.endStream | Flag.endHeaders): Buffer {
  return frame(FrameType.headers, flags, stream, encodeFields(fields));
}

export function resetFrame(stream: number, code = 8): Buffer {
  return frame(FrameType.reset, 0, stream, uint32(code));
}

export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(FrameType.windowUpdate, 0, stream, uint32(increment));
}

/** SETTINGS with these entries. */
export function settingsFrame(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  return frame(FrameType.settings, 0, 0, Buffer.concat(entries.map(([id, value]) => Buffer.concat([Buffer.from([id >>> 8, id & 0xff]), uint32(value)]))));
}

export function goawayFrame(lastStream: number, code = 0): Buffer {
  return frame(FrameType.goaway, 0, 0, Buffer.concat([uint32(lastStream), uint32(code)]));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export const http2PrefaceText = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
