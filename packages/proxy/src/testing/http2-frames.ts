/** Frames of HTTP/2 by hand, right or wrong, for clients and upstreams that follow no rules (RFC 9113 4 and 6, RFC 7541). */
import { Buffer } from 'node:buffer';
import type { RawPeer } from './raw-peer.ts';

export const FrameType = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4 } as const;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals without indexing, names and values as they are. */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), encodeString(name), encodeString(value)]));
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
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
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(FrameType.reset, 0, stream, payload);
}

export function windowUpdate(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(FrameType.windowUpdate, 0, stream, payload);
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export async function readFrame(peer: RawPeer): Promise<Frame> {
  const head = await peer.readBytes(9);
  return { type: head[3] as number, flags: head[4] as number, stream: head.readUInt32BE(5) & 0x7fffffff, payload: await peer.readBytes(head.readUIntBE(0, 3)) };
}

/** Reads until one fits. @throws when the other side ends before */
export async function readFrameWhere(peer: RawPeer, fits: (candidate: Frame) => boolean): Promise<Frame> {
  for (;;) {
    const candidate = await readFrame(peer);
    if (fits(candidate)) return candidate;
  }
}

/** The error code of the GOAWAY or RST_STREAM that comes, whichever is first; undefined when the other side ends without. */
export async function readRefusal(peer: RawPeer): Promise<{ readonly of: 'connection' | 'stream'; readonly code: number } | undefined> {
  try {
    const { type, payload } = await readFrameWhere(peer, (candidate) => candidate.type === FrameType.goaway || candidate.type === FrameType.reset);
    return type === FrameType.goaway ? { of: 'connection', code: payload.readUInt32BE(4) } : { of: 'stream', code: payload.readUInt32BE(0) };
  } catch {
    return undefined;
  }
}

export const http2PrefaceText = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Preface and empty SETTINGS: what a client begins with. */
export function beginHttp2(peer: RawPeer): void {
  peer.write(Buffer.concat([Buffer.from(http2PrefaceText, 'latin1'), frame(FrameType.settings, 0, 0)]));
}
