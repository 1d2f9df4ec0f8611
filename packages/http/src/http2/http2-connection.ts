/**
 * One connection of HTTP/2, either end of it, as a machine of bytes: what comes goes in by `read`, what is to be said goes
 * into the owner's output, and the owner hears of streams and ends (RFC 9113). No sockets and no timers: how long to wait
 * for an acknowledgement, or when to ask whether the peer lives, is the owner's to know.
 *
 * A broken rule ends its stream where the standard says so, and else the connection: `onBroken` is called once, GOAWAY is
 * written, and nothing is read any more.
 */
import type { Buffer } from 'node:buffer';
import type { RequestHead, Trailers } from '../message-head.ts';
import { ControlWriter, type ControlFrames } from './control-writer.ts';
import { ErrorCode } from './error-code.ts';
import { FloodGuard } from './flood-guard.ts';
import { streamIdMax, windowBytesMax } from './frame.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import type { HeadVerdict } from './head-decoder.ts';
import type { FrameOutput, Http2Counters, Http2Limits } from './http2-options.ts';
import { Http2Stream, type Http2StreamOwner } from './http2-stream.ts';
import { IncomingHeads, type IncomingHeadsOwner } from './incoming-heads.ts';
import { ReceiveWindow } from './receive-window.ts';
import { RecentResets } from './recent-resets.ts';
import { SendQueue } from './send-queue.ts';
import { PeerSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';

/** Which end of the connection this is. */
export type Http2Role = 'server' | 'client';

/** What a connection tells its owner. */
export interface Http2ConnectionEvents {
  /** A client begins a stream. Unless the verdict is `whole`, it is to be refused. The owner sets `stream.events`. */
  onRequest(stream: Http2Stream, head: RequestHead, verdict: HeadVerdict): void;
  onPeerSettings(): void;
  onSettingsAcknowledged(): void;
  onPingAcknowledged(): void;
  /** The peer opens or takes no more streams; those above `lastStream` have been told. */
  onGoaway(lastStream: number, code: number): void;
  /** Over: GOAWAY is written, and nothing is read any more. */
  onBroken(code: number, reason: string): void;
}

/** Coded bytes of one field block beyond the limit of the decoded head: it is read to its end to keep the table right. */
const blockBytesBeyond = 64 * 1024;

export class Http2Connection implements FrameHandler, ControlFrames, Http2StreamOwner, IncomingHeadsOwner {
  readonly role: Http2Role;
  readonly queue: SendQueue;
  /** What the peer allows. */
  readonly peer = new PeerSettings();
  readonly #limits: Http2Limits;
  readonly #output: FrameOutput;
  readonly #events: Http2ConnectionEvents;
  readonly #counters: Http2Counters;
  readonly #reader: FrameReader;
  readonly #heads: IncomingHeads;
  readonly #guard: FloodGuard;
  readonly #table: StreamTable;
  readonly #window: ReceiveWindow;
  readonly #control: ControlWriter;
  readonly #resets = new RecentResets();
  #isBroken = false;
  /** When the last answer was written, as the output counts. */
  #answeredGeneration = -1;
  // The DATA frame under way.
  #dataStream: Http2Stream | undefined;
  #dataEndsStream = false;

  constructor(role: Http2Role, limits: Http2Limits, output: FrameOutput, events: Http2ConnectionEvents, counters: Http2Counters) {
    this.role = role;
    this.#limits = limits;
    this.#output = output;
    this.#events = events;
    this.#counters = counters;
    this.#guard = new FloodGuard(limits, counters);
    this.#reader = new FrameReader(this, role === 'server', limits.head.headBytesMax + blockBytesBeyond);
    this.#control = new ControlWriter(output, this);
    this.queue = new SendQueue(output, () => this.#onFrameWritten(false));
    this.#table = new StreamTable(role);
    this.#window = new ReceiveWindow(limits, this.#control);
    this.#heads = new IncomingHeads(this, limits, this.#table, this.#guard, counters);
  }

  /** Of the peer's making or of ours, not closed. */
  get streams(): ReadonlyMap<number, Http2Stream> {
    return this.#table.open;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether there is an identifier left for another stream of ours. */
  get hasIdentifiers(): boolean {
    return this.#table.hasIdentifiers;
  }

  // — for its owner —

  /** The first thing to do: says who we are and what we allow. */
  begin(): void {
    this.#control.begin(this.role === 'client', this.#limits);
  }

  /** Bytes have come. They may be used again afterwards. */
  read(memory: Buffer, start: number, end: number): void {
    this.#reader.read(memory, start, end);
  }

  /** All that was written has left: those who wait go on. */
  drained(): void {
    this.#guard.onDrained();
    this.queue.pump();
  }

  /** A stream of ours. Its first frame is the owner's to write. */
  openStream(): Http2Stream {
    const stream = new Http2Stream(this, this.#table.nextOwn(), undefined, this.peer.windowBytes, this.#limits.streamWindowBytes);
    this.#table.open.set(stream.id, stream);
    this.#guard.onStream();
    return stream;
  }

  /** Asks the peer to answer. */
  ping(): void {
    this.#control.ping();
  }

  /** Asks for no more streams, a moment before they are refused: those on their way are served. */
  announceEnd(): void {
    this.#control.goaway(streamIdMax, ErrorCode.noError);
  }

  /** The last stream that has come is the last that is served. */
  refuseStreams(): void {
    this.#table.lastServed = this.#table.lastOfPeer;
    this.#control.goaway(this.#table.lastOfPeer, ErrorCode.noError);
  }

  /** Ends the connection: the peer has broken a rule, or has been given up. */
  fail(code: number, reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#reader.stop();
    this.#control.goaway(this.#table.lastOfPeer, code);
    this.#events.onBroken(code, reason);
  }

  /** The connection is gone: tells all streams. */
  closeStreams(code: number, reason: string): void {
    this.#isBroken = true;
    this.#reader.stop();
    for (const stream of this.#table.open.values()) {
      const { events } = stream;
      stream.close();
      events.onReset(code, 'connection', reason);
    }
  }

  // — for its streams —

  credit(bytes: number): void {
    if (!this.#isBroken) this.#window.credit(bytes);
  }

  creditStream(stream: Http2Stream, bytes: number): void {
    this.#window.creditStream(stream, bytes);
  }

  writeReset(stream: Http2Stream, code: number): void {
    this.#writeReset(stream.id, code);
  }

  onClosed(stream: Http2Stream): void {
    this.#table.open.delete(stream.id);
    if (stream.isReleased) this.#table.forget(stream);
  }

  onReleased(stream: Http2Stream): void {
    if (stream.head) this.#heads.giveBack(stream.head);
    if (stream.isClosed) this.#table.forget(stream);
  }

  // — frames: heads —

  onHeaders(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void {
    this.#heads.onHeaders(id, bytes, start, end, endsStream, dependsOn);
  }

  onRequestHead(id: number, head: RequestHead, verdict: HeadVerdict, endsStream: boolean): void {
    const stream = new Http2Stream(this, id, head, this.peer.windowBytes, this.#limits.streamWindowBytes);
    this.#table.open.set(id, stream);
    this.#table.held += 1;
    stream.isRemoteEnded = endsStream;
    // What follows a CONNECT is no body.
    if (head.framing === 'length' && head.method !== 'CONNECT') stream.missingBytes = head.contentLength;
    this.#events.onRequest(stream, head, verdict);
  }

  /** Of the request that came last: why it is malformed. */
  get headFault(): string {
    return this.#heads.fault;
  }

  /** Of the request that came last: the protocol its CONNECT asks for; empty for others. */
  get requestedProtocol(): string {
    return this.#heads.protocol;
  }

  // — frames: bodies —

  onDataBegin(id: number, payloadBytes: number, endsStream: boolean): boolean {
    if (payloadBytes > 0) this.#guard.onContent();
    if (!this.#window.take(payloadBytes)) {
      this.fail(ErrorCode.flowControlError, 'more than the window of the connection');
      return false;
    }
    const stream = this.#table.open.get(id);
    if (!stream || stream.isRemoteEnded || payloadBytes > stream.receiveWindow) {
      this.credit(payloadBytes);
      if (!stream) this.#onDataOfNobody(id);
      else if (stream.isRemoteEnded) this.breakStream(stream, ErrorCode.streamClosed, 'DATA behind the end');
      else this.breakStream(stream, ErrorCode.flowControlError, 'more than the window of the stream');
      return false;
    }
    if (this.role === 'client' && !stream.hasResponse) {
      this.credit(payloadBytes);
      this.breakStream(stream, ErrorCode.protocolError, 'DATA before the head');
      return false;
    }
    stream.receiveWindow -= payloadBytes;
    this.#dataStream = stream;
    this.#dataEndsStream = endsStream;
    return true;
  }

  onDataPiece(memory: Buffer, start: number, end: number): void {
    const stream = this.#dataStream as Http2Stream;
    const bytes = end - start;
    // It has been reset within this frame.
    if (stream.isClosed) return this.credit(bytes);
    if (stream.missingBytes >= 0) {
      if (bytes > stream.missingBytes) {
        this.credit(bytes);
        this.#counters.rxMessagingError.add();
        return this.breakStream(stream, ErrorCode.protocolError, 'a body longer than its length');
      }
      stream.missingBytes -= bytes;
    }
    return stream.onPiece(memory, start, end);
  }

  onDataEnd(paddingBytes: number): void {
    const stream = this.#dataStream as Http2Stream;
    this.#dataStream = undefined;
    if (stream.isClosed) return this.credit(paddingBytes);
    if (paddingBytes > 0) stream.onPadding(paddingBytes);
    if (this.#dataEndsStream) this.endRemote(stream, undefined);
    return undefined;
  }

  endRemote(stream: Http2Stream, trailers: Trailers | undefined): void {
    if (stream.missingBytes > 0) {
      this.#counters.rxMessagingError.add();
      return this.breakStream(stream, ErrorCode.protocolError, 'a body shorter than its length');
    }
    return stream.endRemote(trailers);
  }

  #onDataOfNobody(id: number): void {
    if (this.#table.isIdle(id)) this.fail(ErrorCode.protocolError, `DATA on stream ${id}`);
    else this.onFrameOfClosed(id, 'DATA');
  }

  onEmptyFrame(): void {
    this.#endFlood(this.#guard.onEmptyFrame());
  }

  // — frames: control —

  onPriority(id: number, payloadBytes: number, dependsOn: number): void {
    const excess = this.#guard.onPriority();
    if (excess !== undefined) return this.#endFlood(excess);
    if (payloadBytes === 5 && dependsOn !== id) return undefined;
    const code = payloadBytes === 5 ? ErrorCode.protocolError : ErrorCode.frameSizeError;
    const stream = this.#table.open.get(id);
    if (stream) return this.breakStream(stream, code, 'PRIORITY');
    return this.fail(code, 'PRIORITY');
  }

  onReset(id: number, code: number): void {
    this.#counters.rxReset.add();
    if (this.#table.isIdle(id)) return this.fail(ErrorCode.protocolError, `RST_STREAM on stream ${id}`);
    const stream = this.#table.open.get(id);
    if (!stream) return undefined;
    const { events } = stream;
    this.#resets.remember(id, true);
    stream.close();
    return events.onReset(code, 'peer', `reset with code ${code}`);
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    const { peer } = this;
    const windowBefore = peer.windowBytes;
    const code = peer.read(bytes, start, end, this.role === 'client');
    if (code !== 0) return this.fail(code, 'SETTINGS out of range');
    const grown = peer.windowBytes - windowBefore;
    if (grown !== 0 && !this.#moveWindows(grown)) return this.fail(ErrorCode.flowControlError, 'windows beyond 31 bits');
    this.#control.acknowledgeSettings();
    if (grown > 0) this.queue.pump();
    return this.#events.onPeerSettings();
  }

  #moveWindows(grown: number): boolean {
    for (const stream of this.#table.open.values()) {
      stream.sendWindow += grown;
      if (stream.sendWindow > windowBytesMax) return false;
      if (stream.sendWindow > 0 && stream.hasPieces) this.queue.add(stream);
    }
    return true;
  }

  onSettingsAcknowledged(): void {
    this.#heads.allowTable(this.#limits.headerTableBytesMax);
    this.#events.onSettingsAcknowledged();
  }

  onPing(bytes: Buffer, from: number): void {
    this.#control.answerPing(bytes, from);
  }

  onPingAcknowledged(): void {
    this.#events.onPingAcknowledged();
  }

  onGoaway(lastStream: number, code: number): void {
    if (this.role === 'client') {
      for (const stream of this.#table.open.values()) {
        if (stream.id <= lastStream) continue;
        const { events } = stream;
        stream.close();
        // The host says that it has done nothing for them.
        events.onReset(ErrorCode.refusedStream, 'peer', `above the last stream of GOAWAY with code ${code}`);
      }
    }
    this.#events.onGoaway(lastStream, code);
  }

  onWindowUpdate(id: number, increment: number): void {
    const excess = this.#guard.onWindowUpdate(this.queue.dataFrames);
    if (excess !== undefined) return this.#endFlood(excess);
    if (id === 0) {
      if (increment === 0) return this.fail(ErrorCode.protocolError, 'WINDOW_UPDATE of 0');
      this.queue.window += increment;
      if (this.queue.window > windowBytesMax) return this.fail(ErrorCode.flowControlError, 'a window beyond 31 bits');
      return this.queue.pump();
    }
    const stream = this.#table.open.get(id);
    if (!stream) return this.#table.isIdle(id) ? this.fail(ErrorCode.protocolError, `WINDOW_UPDATE on stream ${id}`) : undefined;
    if (increment === 0) return this.breakStream(stream, ErrorCode.protocolError, 'WINDOW_UPDATE of 0');
    stream.sendWindow += increment;
    if (stream.sendWindow > windowBytesMax) return this.breakStream(stream, ErrorCode.flowControlError, 'a window beyond 31 bits');
    if (!stream.hasPieces) return undefined;
    this.queue.add(stream);
    return this.queue.pump();
  }

  onBrokenFrame(code: number, reason: string): void {
    // A field block without end.
    if (code === ErrorCode.enhanceYourCalm) this.#counters.headerOverflow.add();
    this.fail(code, reason);
  }

  // — ends —

  /** Something for a stream that is over (RFC 9113 5.1, "closed"). */
  onFrameOfClosed(id: number, what: string): void {
    const byPeer = this.#resets.wasByPeer(id);
    // We have reset it, and the peer did not know yet; or it is a response to what we have given up.
    if (byPeer === false || this.role === 'client') return undefined;
    if (byPeer === undefined) return this.fail(ErrorCode.streamClosed, `${what} on stream ${id}, which is over`);
    return this.#writeReset(id, ErrorCode.streamClosed);
  }

  breakStream(stream: Http2Stream, code: number, reason: string): void {
    const { events } = stream;
    stream.reset(code);
    events.onReset(code, 'fault', reason);
  }

  #endFlood(excess: string | undefined): void {
    if (excess !== undefined) this.fail(ErrorCode.enhanceYourCalm, excess);
  }

  // — writing —

  #writeReset(id: number, code: number): void {
    this.#resets.remember(id, this.#resets.wasByPeer(id) ?? false);
    this.#counters.txReset.add();
    this.#control.reset(id, code);
  }

  refuse(id: number): void {
    this.#writeReset(id, ErrorCode.refusedStream);
  }

  ignore(id: number): void {
    this.#resets.remember(id, false);
  }

  onControlFrame(): void {
    this.#onFrameWritten(true);
  }

  /** Answers count also while they only wait for the end of the turn. */
  onAnswer(): void {
    const { generation, isBlocked } = this.#output;
    if (!isBlocked && generation !== this.#answeredGeneration) this.#guard.onDrained();
    this.#answeredGeneration = generation;
    this.#endFlood(this.#guard.onWaitingFrame(true));
  }

  #onFrameWritten(isControl: boolean): void {
    if (this.#output.isBlocked) this.#endFlood(this.#guard.onWaitingFrame(isControl));
  }
}
