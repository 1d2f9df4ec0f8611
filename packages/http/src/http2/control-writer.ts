/** The frames that carry no message: what a connection says about itself, its windows and its ends (RFC 9113 6.4 to 6.9). */
import type { Buffer } from 'node:buffer';
import { clientPreface, defaultWindowBytes, Flag, frameHeadBytes, FrameType, writeFrameHead, writeUint32 } from './frame.ts';
import type { FrameOutput, Http2Limits } from './http2-options.ts';
import { settingBytes, SettingId, writeSetting } from './settings.ts';

const pingBytes = 8;

/** Counts what is written. */
export interface ControlFrames {
  onControlFrame(): void;
  /** An answer to something of the peer's, of which it may want any number. */
  onAnswer(): void;
}

export class ControlWriter {
  readonly #output: FrameOutput;
  readonly #frames: ControlFrames;

  constructor(output: FrameOutput, frames: ControlFrames) {
    this.#output = output;
    this.#frames = frames;
  }

  /** The first bytes of a connection: preface, SETTINGS, and the rest of its window. */
  begin(isClient: boolean, limits: Http2Limits): void {
    const output = this.#output;
    const start = output.claim(clientPreface.length + 2 * frameHeadBytes + 6 * settingBytes + 4);
    const { memory } = output;
    const settingsAt = isClient ? start + clientPreface.copy(memory, start) : start;
    let at = settingsAt + frameHeadBytes;
    at = writeSetting(memory, at, SettingId.headerTableSize, limits.headerTableBytesMax);
    if (isClient) at = writeSetting(memory, at, SettingId.enablePush, 0);
    else at = writeSetting(memory, at, SettingId.maxConcurrentStreams, limits.concurrentStreamsMax);
    at = writeSetting(memory, at, SettingId.initialWindowSize, limits.streamWindowBytes);
    at = writeSetting(memory, at, SettingId.maxHeaderListSize, limits.head.headBytesMax);
    if (!isClient && limits.allowsConnect) at = writeSetting(memory, at, SettingId.enableConnectProtocol, 1);
    writeFrameHead(memory, settingsAt, at - settingsAt - frameHeadBytes, FrameType.settings, 0, 0);
    const increment = limits.connectionWindowBytes - defaultWindowBytes;
    if (increment > 0) at = writeUint32(memory, writeFrameHead(memory, at, 4, FrameType.windowUpdate, 0, 0), increment);
    output.commit(at);
  }

  acknowledgeSettings(): void {
    const at = this.#output.claim(frameHeadBytes);
    this.#output.commit(writeFrameHead(this.#output.memory, at, 0, FrameType.settings, Flag.ack, 0));
    this.#frames.onAnswer();
  }

  ping(): void {
    const at = this.#output.claim(frameHeadBytes + pingBytes);
    const payload = writeFrameHead(this.#output.memory, at, pingBytes, FrameType.ping, 0, 0);
    this.#output.memory.fill(0, payload, payload + pingBytes);
    this.#commit(payload + pingBytes);
  }

  answerPing(bytes: Buffer, from: number): void {
    const at = this.#output.claim(frameHeadBytes + pingBytes);
    const payload = writeFrameHead(this.#output.memory, at, pingBytes, FrameType.ping, Flag.ack, 0);
    bytes.copy(this.#output.memory, payload, from, from + pingBytes);
    this.#output.commit(payload + pingBytes);
    this.#frames.onAnswer();
  }

  reset(stream: number, code: number): void {
    this.#writeNumber(FrameType.reset, stream, code);
  }

  /** `stream` is 0 for the whole connection. */
  openWindow(stream: number, bytes: number): void {
    this.#writeNumber(FrameType.windowUpdate, stream, bytes);
  }

  goaway(lastStream: number, code: number): void {
    const at = this.#output.claim(frameHeadBytes + 8);
    const payload = writeFrameHead(this.#output.memory, at, 8, FrameType.goaway, 0, 0);
    this.#output.commit(writeUint32(this.#output.memory, writeUint32(this.#output.memory, payload, lastStream), code));
  }

  #writeNumber(type: number, stream: number, value: number): void {
    const at = this.#output.claim(frameHeadBytes + 4);
    this.#commit(writeUint32(this.#output.memory, writeFrameHead(this.#output.memory, at, 4, type, 0, stream), value));
  }

  #commit(end: number): void {
    this.#output.commit(end);
    this.#frames.onControlFrame();
  }
}
