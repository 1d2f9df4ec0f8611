/** WebSocket frames (RFC 6455 section 5): their kinds, and how they are written. */
import { Buffer } from 'node:buffer';
import type { Random } from '@sluice/kernel';

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Status codes of a close frame (RFC 6455 7.4.1, and 1012 of the IANA registry). */
export const CloseCode = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  messageTooBig: 1009,
  /** The server is restarting: come back. */
  serviceRestart: 1012,
} as const;

/** Payload of a control frame, at most (5.5). */
export const controlBytesMax = 125;

/**
 * One whole frame. Frames of a client are masked (5.3), with a key from `random`: it protects others from what they would
 * take for requests, and is no secret.
 * @param random given by clients only
 */
export function writeFrame(opcode: number, payload: Uint8Array, random?: Random): Buffer {
  const length = payload.length;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extended + (random ? 4 : 0);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  frame[1] = (random ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  else if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, start);
  if (random) {
    frame.writeUInt32BE(Math.floor(random.next() * 0x1_0000_0000) >>> 0, start - 4);
    unmask(frame, start, start + length, frame, start - 4);
  }
  return frame;
}

/** The payload of a close frame: a status and a reason for people. */
export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

/** Masks or unmasks bytes in place, with the four bytes of `key` at `keyStart`. */
export function unmask(bytes: Buffer, start: number, end: number, key: Buffer, keyStart: number): void {
  const parts = [key[keyStart] as number, key[keyStart + 1] as number, key[keyStart + 2] as number, key[keyStart + 3] as number] as const;
  for (let at = start; at < end; at += 1) bytes[at] = (bytes[at] as number) ^ (parts[(at - start) & 3] as number);
}
