/** Frames of HTTP/2 to and from a raw peer; those by hand are of `http`. */
import { Buffer } from 'node:buffer';
import { frame, FrameType, http2PrefaceText, type Frame } from '@sluice/http/testing';
import type { RawPeer } from './raw-peer.ts';

export { encodeFields, Flag, frame, FrameType, goawayFrame, headersFrame, http2PrefaceText, requestHeaders, resetFrame, settingsFrame, windowUpdate, type Frame } from '@sluice/http/testing';

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

/** Preface and empty SETTINGS: what a client begins with. */
export function beginHttp2(peer: RawPeer): void {
  peer.write(Buffer.concat([Buffer.from(http2PrefaceText, 'latin1'), frame(FrameType.settings, 0, 0)]));
}
