/**
 * Reads WebSocket frames from bytes as they come, either end, and puts messages together (RFC 6455 section 5). Strict: what
 * breaks a rule is told with the status to close with, and nothing is read afterwards.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { CloseCode, controlBytesMax, Opcode, unmask } from './frame.ts';

export interface FrameEvents {
  /** A whole message. The bytes are the receiver's to keep. */
  onMessage(kind: 'text' | 'binary', payload: Buffer): void;
  onPing(payload: Buffer): void;
  onPong(payload: Buffer): void;
  /** The peer closes: with its status, 1005 when it gave none. Nothing comes afterwards. */
  onClose(code: number, reason: string): void;
}

export interface FrameFault {
  /** What to close with. */
  readonly code: number;
  readonly reason: string;
}

/** What a close frame without a status counts as (7.1.5). */
const noStatus = 1005;

const empty = Buffer.alloc(0);

export class FrameReader {
  readonly #isServer: boolean;
  readonly #messageBytesMax: number;
  readonly #events: FrameEvents;
  /** Bytes of a frame that is not whole yet. */
  #waiting: Buffer = empty;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #messageKind: 'text' | 'binary' | undefined;
  #isOver = false;

  /** @param role of this end: servers take masked frames only, clients only unmasked ones */
  constructor(role: 'server' | 'client', messageBytesMax: number, events: FrameEvents) {
    this.#isServer = role === 'server';
    this.#messageBytesMax = messageBytesMax;
    this.#events = events;
  }

  /** Takes bytes, which may be used again afterwards. Gives what is wrong with them; then the connection is over. */
  read(memory: Buffer, start: number, end: number): FrameFault | undefined {
    if (this.#isOver) return undefined;
    const arrived = memory.subarray(start, end);
    const bytes = this.#waiting.length === 0 ? arrived : Buffer.concat([this.#waiting, arrived]);
    let at = 0;
    while (!this.#isOver) {
      const taken = this.#readFrame(bytes, at);
      if (typeof taken !== 'number') {
        this.#isOver = true;
        return taken;
      }
      if (taken === 0) break;
      at += taken;
    }
    this.#waiting = this.#isOver || at === bytes.length ? empty : Buffer.from(bytes.subarray(at));
    return undefined;
  }

  /** How many bytes the frame at `at` takes; 0 when it is not whole yet. */
  #readFrame(bytes: Buffer, at: number): number | FrameFault {
    if (bytes.length - at < 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) return protocolError('a reserved bit is set');
    if (((second & 0x80) !== 0) !== this.#isServer) return protocolError(this.#isServer ? 'a frame is not masked' : 'a frame is masked');
    const short = second & 0x7f;
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
    const dataStart = 2 + extended + (this.#isServer ? 4 : 0);
    if (bytes.length - at < 2 + extended) return 0;
    const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const fault = this.#checkHead(opcode, isFinal, length, short);
    if (fault) return fault;
    if (bytes.length - at < dataStart + length) return 0;
    const payload = Buffer.from(bytes.subarray(at + dataStart, at + dataStart + length));
    if (this.#isServer) unmask(payload, 0, length, bytes, at + dataStart - 4);
    return this.#onFrame(opcode, isFinal, payload) ?? dataStart + length;
  }

  #checkHead(opcode: number, isFinal: boolean, length: number, short: number): FrameFault | undefined {
    if (opcode >= Opcode.close) {
      if (opcode > Opcode.pong) return protocolError(`unknown opcode ${opcode}`);
      if (!isFinal) return protocolError('a control frame is fragmented');
      return short > controlBytesMax ? protocolError('a control frame is too long') : undefined;
    }
    if (opcode > Opcode.binary) return protocolError(`unknown opcode ${opcode}`);
    if ((opcode === Opcode.continuation) !== (this.#messageKind !== undefined)) return protocolError('fragments out of order');
    if (length + this.#pieceBytes <= this.#messageBytesMax) return undefined;
    return { code: CloseCode.messageTooBig, reason: `a message has more than ${this.#messageBytesMax} bytes` };
  }

  #onFrame(opcode: number, isFinal: boolean, payload: Buffer): FrameFault | undefined {
    switch (opcode) {
      case Opcode.ping:
        this.#events.onPing(payload);
        return undefined;
      case Opcode.pong:
        this.#events.onPong(payload);
        return undefined;
      case Opcode.close:
        return this.#onClose(payload);
      default:
        return this.#onPiece(opcode, isFinal, payload);
    }
  }

  #onPiece(opcode: number, isFinal: boolean, payload: Buffer): FrameFault | undefined {
    const kind = this.#messageKind ?? (opcode === Opcode.text ? 'text' : 'binary');
    this.#pieces.push(payload);
    this.#pieceBytes += payload.length;
    this.#messageKind = isFinal ? undefined : kind;
    if (!isFinal) return undefined;
    const message = this.#pieces.length === 1 ? payload : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (kind === 'text' && !isUtf8(message)) return { code: CloseCode.invalidPayload, reason: 'a text is not UTF-8' };
    this.#events.onMessage(kind, message);
    return undefined;
  }

  #onClose(payload: Buffer): FrameFault | undefined {
    if (payload.length === 1) return protocolError('half a close status');
    const code = payload.length === 0 ? noStatus : payload.readUInt16BE(0);
    if (payload.length > 0 && !mayBeSent(code)) return protocolError(`close status ${code}`);
    const reason = payload.subarray(2);
    if (!isUtf8(reason)) return { code: CloseCode.invalidPayload, reason: 'a close reason is not UTF-8' };
    this.#isOver = true;
    this.#events.onClose(code, reason.toString('utf8'));
    return undefined;
  }
}

/** Statuses that may stand on the wire (7.4): 1004 to 1006 and 1015 are for use within programs. */
function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

function protocolError(reason: string): FrameFault {
  return { code: CloseCode.protocolError, reason };
}
