/**
 * `traceparent` and `tracestate` (W3C Trace Context, https://www.w3.org/TR/trace-context/): read strictly, and written
 * straight into a line that is the same memory for every request.
 */
import { createHeaderLine, type HeaderLine } from '@sluice/http';
import type { Random } from '@sluice/kernel';

/** `00-<trace id>-<parent id>-<flags>`. */
const blank = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`;
const traceIdAt = 3;
const spanIdAt = 36;
const flagsEndAt = 55;
const sampledBit = 1;

const hexDigits = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));

/** Whether it may be believed: lower case, no identifier of zeros only, and nothing behind it unless its version is newer than ours. */
export function isTraceParent(value: string): boolean {
  if (value.length < flagsEndAt || !/^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/.test(value)) return false;
  return value.length === flagsEndAt || !value.startsWith('00');
}

/** Of one that may be believed. */
export function isSampled(traceParent: string): boolean {
  return (Number.parseInt(traceParent.slice(flagsEndAt - 2, flagsEndAt), 16) & sampledBit) !== 0;
}

export function traceIdOf(traceParent: string): string {
  return traceParent.slice(traceIdAt, traceIdAt + 32);
}

export function spanIdOf(traceParent: string): string {
  return traceParent.slice(spanIdAt, spanIdAt + 16);
}

/** The same trace and flags, and another span. */
export function withSpanId(traceParent: string, spanId: string): string {
  return traceParent.slice(0, spanIdAt) + spanId + traceParent.slice(spanIdAt + 16);
}

const key = String.raw`(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})`;
const member = new RegExp(String.raw`^[ \t]*(?:${key}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?[ \t]*$`);
const membersMax = 32;

/** At most 32 members, each a key and a value; keys stand once. */
export function isTraceState(value: string): boolean {
  const members = value.split(',');
  if (members.length > membersMax || !members.every((one) => member.test(one))) return false;
  const keys = members.map((one) => one.trim().split('=')[0]).filter((one) => one !== '');
  return new Set(keys).size === keys.length;
}

export class TraceParentLine {
  readonly line: HeaderLine = createHeaderLine('traceparent', blank);
  readonly #random: Random;
  readonly #start = 'traceparent: '.length;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new trace, and our span in it. */
  begin(isSampled: boolean): void {
    this.#draw(traceIdAt, 4);
    this.#finish(isSampled);
  }

  /** Our span in the trace of `traceParent`. */
  follow(traceParent: string, isSampled: boolean): void {
    const { bytes } = this.line;
    const start = this.#start;
    for (let at = traceIdAt; at < traceIdAt + 32; at += 1) bytes[start + at] = traceParent.charCodeAt(at);
    this.#finish(isSampled);
  }

  /** Whether the span that was written last is kept. */
  sample(isSampled: boolean): void {
    this.line.bytes[this.#start + flagsEndAt - 1] = hexDigits[isSampled ? sampledBit : 0] as number;
  }

  /** What was written last, as text. */
  get text(): string {
    return this.line.bytes.toString('latin1', this.#start, this.#start + flagsEndAt);
  }

  #finish(isSampled: boolean): void {
    this.#draw(spanIdAt, 2);
    this.sample(isSampled);
  }

  /** Zeros alone would be no identifier. */
  #draw(at: number, words: number): void {
    const { bytes } = this.line;
    let place = this.#start + at;
    let anything = 0;
    for (let word = 0; word < words; word += 1) {
      let bits = (this.#random.next() * 0x1_0000_0000) >>> 0;
      anything |= bits;
      for (let digit = 0; digit < 8; digit += 1) {
        bytes[place] = hexDigits[bits & 15] as number;
        place += 1;
        bits >>>= 4;
      }
    }
    if (anything === 0) bytes[place - 1] = hexDigits[1] as number;
  }
}
