/** What frames are made of (RFC 9113 4.1 and 6): numbers of the wire, and the few ways in which we write them. */
import { Buffer } from 'node:buffer';

export const FrameType = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;

export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Length, type, flags, stream. */
export const frameHeadBytes = 9;

/** Where in a frame's head its flags stand. */
export const flagsAt = 4;

/** What every peer takes, and the largest that we take: SETTINGS_MAX_FRAME_SIZE stays as it begins. */
export const payloadBytesMax = 16_384;

/** Largest window and largest stream identifier: 31 bits. */
export const windowBytesMax = 0x7fff_ffff;
export const streamIdMax = 0x7fff_ffff;

/** Windows before anybody has said otherwise (RFC 9113 6.9.2). */
export const defaultWindowBytes = 65_535;

/** What a client says first (RFC 9113 3.4). No request of HTTP/1 begins so. */
export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Writes the head of a frame and returns where its payload begins. */
export function writeFrameHead(target: Buffer, at: number, payloadBytes: number, type: number, flags: number, stream: number): number {
  target[at] = payloadBytes >>> 16;
  target[at + 1] = payloadBytes >>> 8;
  target[at + 2] = payloadBytes;
  target[at + 3] = type;
  target[at + flagsAt] = flags;
  return writeUint32(target, at + 5, stream);
}

export function writeUint32(target: Buffer, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}
