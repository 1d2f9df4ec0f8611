/** SETTINGS (RFC 9113 6.5, RFC 8441 3): what each end of a connection allows the other. */
import type { Buffer } from 'node:buffer';
import { ErrorCode } from './error-code.ts';
import { defaultWindowBytes, payloadBytesMax, readUint32, windowBytesMax, writeUint32 } from './frame.ts';

export const SettingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

export const settingBytes = 6;

const frameBytesLimit = 16_777_215;

/** What a peer has said; as it is before it has. */
export class PeerSettings {
  headerTableBytes = 4096;
  concurrentStreamsMax: number = Number.POSITIVE_INFINITY;
  windowBytes: number = defaultWindowBytes;
  frameBytesMax: number = payloadBytesMax;
  allowsConnectProtocol = false;
  /** Whether it has said anything yet. */
  hasSpoken = false;

  /** Takes over one frame of them. The error code of what must not be said; 0 when all is well. */
  read(bytes: Buffer, start: number, end: number, peerIsServer: boolean): number {
    this.hasSpoken = true;
    for (let at = start; at < end; at += settingBytes) {
      const value = readUint32(bytes, at + 2);
      switch (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) {
        case SettingId.headerTableSize:
          this.headerTableBytes = value;
          break;
        case SettingId.enablePush:
          // A server cannot be pushed to, so it has nothing to allow.
          if (value > 1 || (peerIsServer && value === 1)) return ErrorCode.protocolError;
          break;
        case SettingId.maxConcurrentStreams:
          this.concurrentStreamsMax = value;
          break;
        case SettingId.initialWindowSize:
          if (value > windowBytesMax) return ErrorCode.flowControlError;
          this.windowBytes = value;
          break;
        case SettingId.maxFrameSize:
          if (value < payloadBytesMax || value > frameBytesLimit) return ErrorCode.protocolError;
          this.frameBytesMax = value;
          break;
        case SettingId.enableConnectProtocol:
          // Once allowed it cannot be taken back (RFC 8441 3).
          if (value > 1 || (value === 0 && this.allowsConnectProtocol)) return ErrorCode.protocolError;
          this.allowsConnectProtocol = value === 1;
          break;
        default:
      }
    }
    return 0;
  }
}

/** Writes one entry and returns where it ends. */
export function writeSetting(target: Buffer, at: number, id: number, value: number): number {
  target[at] = id >>> 8;
  target[at + 1] = id;
  return writeUint32(target, at + 2, value);
}
