/** What one connection of HTTP/2 is made with, and what it reports. */
import type { Buffer } from 'node:buffer';
import type { HeadLimits } from '../head-reader.ts';
import type { ResponseHead, Trailers } from '../message-head.ts';

/** Defaults of budgets are Envoy's. */
export interface Http2Limits {
  /** Bytes of the header table that the peer may use. */
  readonly headerTableBytesMax: number;
  /** Streams that the peer may have open at once. */
  readonly concurrentStreamsMax: number;
  /** Bytes of one body that may come before its reader has taken them. */
  readonly streamWindowBytes: number;
  /** The same for all bodies together. */
  readonly connectionWindowBytes: number;
  /** Heads, counted as RFC 9113 10.5.1 does: 32 bytes more per field than it has. */
  readonly head: HeadLimits;
  /** Whether a CONNECT may ask for another protocol within its stream (RFC 8441). */
  readonly allowsConnect: boolean;
  /** Frames that wait because the peer does not read. Default 10,000. */
  readonly outboundFramesMax: number;
  /** The same of those that answer or end something. Default 1,000. */
  readonly outboundControlFramesMax: number;
  /** Frames without content in a row. Default 1. */
  readonly emptyFramesMax: number;
  /** PRIORITY frames for each stream. Default 100. */
  readonly priorityFramesPerStreamMax: number;
  /** WINDOW_UPDATE frames for each DATA frame sent. Default 10. */
  readonly windowUpdatesPerDataFrameMax: number;
}

/** Something that is counted. */
interface Tally {
  add(): void;
}

/** Envoy's counters of its HTTP/2 codec. */
export interface Http2Counters {
  readonly rxReset: Tally;
  readonly txReset: Tally;
  readonly rxMessagingError: Tally;
  readonly headerOverflow: Tally;
  readonly outboundFlood: Tally;
  readonly outboundControlFlood: Tally;
  readonly inboundEmptyFramesFlood: Tally;
  readonly inboundPriorityFramesFlood: Tally;
  readonly inboundWindowUpdateFramesFlood: Tally;
}

/** Where frames are put together. */
export interface FrameOutput {
  readonly memory: Buffer;
  /** Another number once what was written before has left: positions in `memory` are of the past then. */
  readonly generation: number;
  /** The peer does not take what has been sent. */
  readonly isBlocked: boolean;
  /** Room for `bytes` at the position it gives. */
  claim(bytes: number): number;
  /** What was claimed last has been filled up to `end`. */
  commit(end: number): void;
}

/** Who ended a stream before its end: the peer by RST_STREAM or GOAWAY, we because the peer broke a rule, or the connection is gone. */
export type ResetCause = 'peer' | 'fault' | 'connection';

/** What a stream tells its owner. Nothing is told after `onReset`. */
export interface Http2StreamEvents {
  /** Of a response, interim ones too. Its framing is set. */
  onResponse(head: ResponseHead): void;
  /** Bytes of the body. `consume` says when they have been taken. */
  onData(memory: Buffer, start: number, end: number): void;
  onEnd(trailers: Trailers | undefined): void;
  /** What was written has gone on; before that, writing gave false. */
  onDrain(): void;
  onReset(code: number, cause: ResetCause, reason: string): void;
}
