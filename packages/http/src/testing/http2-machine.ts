/** A machine of HTTP/2 without anything around it: bytes go in, and frames and events are there to be looked at. */
import { Buffer } from 'node:buffer';
import {
  Http2Connection,
  RequestHead,
  type FrameOutput,
  type HeadVerdict,
  type Http2ConnectionEvents,
  type Http2Counters,
  type Http2Limits,
  type Http2Role,
  type Http2Stream,
  type Http2StreamEvents,
  type ResetCause,
  type ResponseHead,
  type Trailers,
} from '../index.ts';
import { frame, FrameType, http2PrefaceText, parseFrames, type Frame } from './http2-bytes.ts';

class RecordingOutput implements FrameOutput {
  memory: Buffer = Buffer.alloc(1 << 20);
  generation = 0;
  isBlocked = false;
  #filled = 0;

  claim(bytes: number): number {
    if (this.#filled + bytes > this.memory.length) this.memory = Buffer.concat([this.memory, Buffer.alloc(this.memory.length + bytes)]);
    return this.#filled;
  }

  commit(end: number): void {
    this.#filled = end;
  }

  take(): Buffer {
    const taken = Buffer.from(this.memory.subarray(0, this.#filled));
    this.#filled = 0;
    this.generation += 1;
    return taken;
  }
}

/** One stream of the machine, with what has happened on it. */
export class RecordedStream implements Http2StreamEvents {
  readonly stream: Http2Stream;
  readonly head: RequestHead | undefined;
  readonly verdict: HeadVerdict | undefined;
  readonly responses: ResponseHead[] = [];
  readonly pieces: Buffer[] = [];
  trailers: Trailers | undefined;
  isEnded = false;
  drains = 0;
  reset: { readonly code: number; readonly cause: ResetCause; readonly reason: string } | undefined;
  /** Whether bodies count as taken when they come. */
  takesBodies: boolean;

  constructor(stream: Http2Stream, takesBodies: boolean, head?: RequestHead, verdict?: HeadVerdict) {
    this.stream = stream;
    this.head = head;
    this.verdict = verdict;
    this.takesBodies = takesBodies;
  }

  get body(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }

  onResponse(head: ResponseHead): void {
    this.responses.push(head);
  }

  onData(memory: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(memory.subarray(start, end)));
    if (this.takesBodies) this.stream.consume(end - start);
  }

  onEnd(trailers: Trailers | undefined): void {
    this.isEnded = true;
    this.trailers = trailers;
  }

  onDrain(): void {
    this.drains += 1;
  }

  onReset(code: number, cause: ResetCause, reason: string): void {
    this.reset = { code, cause, reason };
    this.stream.release();
  }
}

/** The machine uses heads again when their streams are let go. */
function copyOf(head: RequestHead): RequestHead {
  const copy = RequestHead.of(head.method, head.authority, head.path);
  copy.remove('host');
  head.forEach((name, value) => copy.add(name, value));
  return copy;
}

export const testHttp2Limits: Http2Limits = {
  headerTableBytesMax: 4096,
  concurrentStreamsMax: 100,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 65_535,
  head: { headBytesMax: 60 * 1024, fieldsMax: 100 },
  allowsConnect: false,
  outboundFramesMax: 10_000,
  outboundControlFramesMax: 1_000,
  emptyFramesMax: 1,
  priorityFramesPerStreamMax: 100,
  windowUpdatesPerDataFrameMax: 10,
};

export class Http2Machine implements Http2ConnectionEvents {
  readonly connection: Http2Connection;
  readonly output = new RecordingOutput();
  readonly streams: RecordedStream[] = [];
  readonly counts: Record<string, number> = {};
  broken: { readonly code: number; readonly reason: string } | undefined;
  goaway: { readonly lastStream: number; readonly code: number } | undefined;
  acknowledgedSettings = 0;
  acknowledgedPings = 0;
  takesBodies = true;

  constructor(role: Http2Role, limits: Partial<Http2Limits> = {}) {
    const tally = (name: string) => ({ add: () => void (this.counts[name] = (this.counts[name] ?? 0) + 1) });
    const counters: Http2Counters = {
      rxReset: tally('rxReset'),
      txReset: tally('txReset'),
      rxMessagingError: tally('rxMessagingError'),
      headerOverflow: tally('headerOverflow'),
      outboundFlood: tally('outboundFlood'),
      outboundControlFlood: tally('outboundControlFlood'),
      inboundEmptyFramesFlood: tally('inboundEmptyFramesFlood'),
      inboundPriorityFramesFlood: tally('inboundPriorityFramesFlood'),
      inboundWindowUpdateFramesFlood: tally('inboundWindowUpdateFramesFlood'),
    };
    this.connection = new Http2Connection(role, { ...testHttp2Limits, ...limits }, this.output, this, counters);
  }

  /** Begins, and lets the peer begin in order. What was written so far is gone. */
  open(): this {
    this.connection.begin();
    if (this.connection.role === 'server') this.feed(Buffer.from(http2PrefaceText, 'latin1'));
    this.feed(frame(FrameType.settings, 0, 0));
    this.output.take();
    return this;
  }

  feed(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.connection.read(piece, 0, piece.length);
  }

  /** What was written since the last look. */
  frames(): Frame[] {
    return parseFrames(this.output.take());
  }

  /** A stream of ours. */
  openStream(): RecordedStream {
    const stream = this.connection.openStream();
    const recorded = new RecordedStream(stream, this.takesBodies);
    stream.events = recorded;
    this.streams.push(recorded);
    return recorded;
  }

  onRequest(stream: Http2Stream, head: RequestHead, verdict: HeadVerdict): void {
    const recorded = new RecordedStream(stream, this.takesBodies, copyOf(head), verdict);
    stream.events = recorded;
    this.streams.push(recorded);
    // As an owner refuses what it must not serve.
    if (verdict === 'malformed') stream.reset(1);
    if (verdict === 'too-many-fields') stream.reset(11);
  }

  onPeerSettings(): void {}

  onSettingsAcknowledged(): void {
    this.acknowledgedSettings += 1;
  }

  onPingAcknowledged(): void {
    this.acknowledgedPings += 1;
  }

  onGoaway(lastStream: number, code: number): void {
    this.goaway = { lastStream, code };
  }

  onBroken(code: number, reason: string): void {
    this.broken = { code, reason };
  }
}
