/**
 * One connection of HTTP/2, either end of it, as a machine of bytes: what comes goes in by `read`, what is to be said goes
 * into the owner's output, and the owner hears of streams and ends (RFC 9113). No sockets and no timers: how long to wait
 * for an acknowledgement, or when to ask whether the peer lives, is the owner's to know.
 *
 * A broken rule ends its stream where the standard says so, and else the connection: `onBroken` is called once, GOAWAY is
 * written, and nothing is read any more.
 */
import type { Buffer } from 'node:buffer';
import { Trailers, type RequestHead } from '../message-head.ts';
import { ControlWriter, type ControlFrames } from './control-writer.ts';
import { ErrorCode } from './error-code.ts';
import { FloodGuard } from './flood-guard.ts';
import { defaultWindowBytes, streamIdMax, windowBytesMax } from './frame.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { HeadDecoder, type HeadVerdict } from './head-decoder.ts';
import type { FrameOutput, Http2Counters, Http2Limits } from './http2-options.ts';
import { Http2Stream, type Http2StreamOwner } from './http2-stream.ts';
import { RecentResets } from './recent-resets.ts';
import { SendQueue } from './send-queue.ts';
import { PeerSettings } from './settings.ts';
import { SpareHeads } from './spare-heads.ts';

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

export class Http2Connection implements FrameHandler, ControlFrames, Http2StreamOwner {
  readonly role: Http2Role;
  readonly queue: SendQueue;
  /** What the peer allows. */
  readonly peer = new PeerSettings();
  readonly #limits: Http2Limits;
  readonly #output: FrameOutput;
  readonly #events: Http2ConnectionEvents;
  readonly #counters: Http2Counters;
  readonly #reader: FrameReader;
  readonly #decoder: HeadDecoder;
  readonly #guard: FloodGuard;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #control: ControlWriter;
  readonly #resets = new RecentResets();
  readonly #spares = new SpareHeads();
  /** Opened by the peer and not let go of yet. */
  #peerStreams = 0;
  /** Highest that the peer has opened; highest that we have. */
  #lastPeerStream = 0;
  #lastOwnStream: number;
  /** Streams of the peer above this one are not served. */
  #lastServed = streamIdMax;
  /** Bytes that the peer may still send, of all bodies; and what was taken and not given back yet. */
  #receiveWindow: number;
  #creditBytes = 0;
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
    this.#decoder = new HeadDecoder(limits.headerTableBytesMax, limits.head);
    this.#decoder.allowsProtocol = role === 'server' && limits.allowsConnect;
    this.#control = new ControlWriter(output, this);
    this.queue = new SendQueue(output, () => this.#onFrameWritten(false));
    this.#lastOwnStream = role === 'client' ? -1 : 0;
    this.#receiveWindow = Math.max(limits.connectionWindowBytes, defaultWindowBytes);
  }

  /** Of the peer's making or of ours, not closed. */
  get streams(): ReadonlyMap<number, Http2Stream> {
    return this.#streams;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether there is an identifier left for another stream of ours. */
  get hasIdentifiers(): boolean {
    return this.#lastOwnStream + 2 <= streamIdMax;
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
    this.#lastOwnStream += 2;
    const stream = new Http2Stream(this, this.#lastOwnStream, undefined, this.peer.windowBytes, this.#limits.streamWindowBytes);
    this.#streams.set(stream.id, stream);
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
    this.#lastServed = this.#lastPeerStream;
    this.#control.goaway(this.#lastPeerStream, ErrorCode.noError);
  }

  /** Ends the connection: the peer has broken a rule, or has been given up. */
  fail(code: number, reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#reader.stop();
    this.#control.goaway(this.#lastPeerStream, code);
    this.#events.onBroken(code, reason);
  }

  /** The connection is gone: tells all streams. */
  closeStreams(code: number, reason: string): void {
    this.#isBroken = true;
    this.#reader.stop();
    for (const stream of this.#streams.values()) {
      const { events } = stream;
      stream.close();
      events.onReset(code, 'connection', reason);
    }
  }

  // — for its streams —

  credit(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes < this.#limits.connectionWindowBytes >>> 1 || this.#isBroken) return;
    this.#receiveWindow += this.#creditBytes;
    this.#control.openWindow(0, this.#creditBytes);
    this.#creditBytes = 0;
  }

  creditStream(stream: Http2Stream, bytes: number): void {
    stream.creditBytes += bytes;
    if (stream.creditBytes < this.#limits.streamWindowBytes >>> 1) return;
    stream.receiveWindow += stream.creditBytes;
    this.#control.openWindow(stream.id, stream.creditBytes);
    stream.creditBytes = 0;
  }

  writeReset(stream: Http2Stream, code: number): void {
    this.#writeReset(stream.id, code);
  }

  onClosed(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    if (stream.isReleased) this.#forget(stream);
  }

  onReleased(stream: Http2Stream): void {
    if (stream.head) this.#spares.giveBackRequest(stream.head);
    if (stream.isClosed) this.#forget(stream);
  }

  #forget(stream: Http2Stream): void {
    if (stream.head) this.#peerStreams -= 1;
  }

  // — frames: heads —

  onHeaders(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void {
    this.#guard.onContent();
    const stream = this.#streams.get(id);
    if (stream) {
      if (dependsOn === id) return this.#skipHead(bytes, start, end) ? this.#breakStream(stream, ErrorCode.protocolError, 'a stream that depends on itself') : undefined;
      if (stream.isRemoteEnded) return this.#skipHead(bytes, start, end) ? this.#breakStream(stream, ErrorCode.streamClosed, 'HEADERS behind the end') : undefined;
      if (this.role === 'client' && !stream.hasResponse) return this.#readResponse(stream, bytes, start, end, endsStream);
      return this.#readTrailers(stream, bytes, start, end, endsStream);
    }
    if (this.role === 'server' && (id & 1) === 1 && id > this.#lastPeerStream) return this.#readRequest(id, bytes, start, end, endsStream, dependsOn);
    if (this.#isIdle(id)) return this.fail(ErrorCode.protocolError, `HEADERS on stream ${id}`);
    if (!this.#skipHead(bytes, start, end)) return undefined;
    return this.#onFrameOfClosed(id, 'HEADERS');
  }

  #readRequest(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void {
    this.#lastPeerStream = id;
    this.#guard.onStream();
    if (id > this.#lastServed || this.#peerStreams >= this.#limits.concurrentStreamsMax) {
      if (!this.#skipHead(bytes, start, end)) return undefined;
      this.#resets.remember(id, false);
      // Those behind our last stream have been told, and are asked again elsewhere.
      return id > this.#lastServed ? undefined : this.#writeReset(id, ErrorCode.refusedStream);
    }
    const head = this.#spares.takeRequest();
    const verdict = this.#decoder.readRequest(bytes, start, end, head, endsStream);
    if (verdict === 'bad-code') return this.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    const stream = new Http2Stream(this, id, head, this.peer.windowBytes, this.#limits.streamWindowBytes);
    this.#streams.set(id, stream);
    this.#peerStreams += 1;
    stream.isRemoteEnded = endsStream;
    // What follows a CONNECT is no body.
    if (head.framing === 'length' && head.method !== 'CONNECT') stream.missingBytes = head.contentLength;
    if (verdict === 'malformed') this.#counters.rxMessagingError.add();
    else if (verdict !== 'whole') this.#counters.headerOverflow.add();
    const isOdd = dependsOn === id;
    this.#events.onRequest(stream, head, isOdd ? 'malformed' : verdict);
    return undefined;
  }

  /** Of the request that came last: why it is malformed. */
  get headFault(): string {
    return this.#decoder.fault;
  }

  /** Of the request that came last: the protocol its CONNECT asks for; empty for others. */
  get requestedProtocol(): string {
    return this.#decoder.protocol;
  }

  #readResponse(stream: Http2Stream, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const head = this.#spares.takeResponse();
    const verdict = this.#decoder.readResponse(bytes, start, end, head);
    if (verdict === 'bad-code') return this.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    if (verdict !== 'whole') {
      this.#counters[verdict === 'malformed' ? 'rxMessagingError' : 'headerOverflow'].add();
      return this.#breakStream(stream, ErrorCode.protocolError, verdict === 'malformed' ? this.#decoder.fault : verdict);
    }
    const length = head.contentLength;
    const isInterim = head.status < 200;
    if (isInterim ? endsStream || head.status === 101 : false) return this.#breakStream(stream, ErrorCode.protocolError, `interim status ${head.status}`);
    const isBodyless = endsStream || isInterim || stream.answersHead || head.status === 204 || head.status === 304;
    if (isBodyless && endsStream && length > 0 && !stream.answersHead && head.status !== 304) return this.#breakStream(stream, ErrorCode.protocolError, 'content-length without a body');
    head.framing = isBodyless ? 'none' : length < 0 ? 'chunked' : 'length';
    head.contentLength = Math.max(length, 0);
    if (!isInterim) {
      stream.hasResponse = true;
      stream.missingBytes = isBodyless ? 0 : length;
    }
    stream.events.onResponse(head);
    if (endsStream) stream.endRemote(undefined);
    return undefined;
  }

  #readTrailers(stream: Http2Stream, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const trailers = new Trailers();
    const verdict = this.#decoder.readTrailers(bytes, start, end, trailers);
    if (verdict === 'bad-code') return this.fail(ErrorCode.compressionError, 'trailers that are no HPACK');
    if (!endsStream) return this.#breakStream(stream, ErrorCode.protocolError, 'a second head');
    if (verdict !== 'whole') {
      this.#counters[verdict === 'malformed' ? 'rxMessagingError' : 'headerOverflow'].add();
      return this.#breakStream(stream, ErrorCode.protocolError, verdict === 'malformed' ? this.#decoder.fault : verdict);
    }
    return this.#endRemote(stream, trailers.count > 0 ? trailers : undefined);
  }

  /** False when that broke the connection. */
  #skipHead(bytes: Buffer, start: number, end: number): boolean {
    if (this.#decoder.skip(bytes, start, end)) return true;
    this.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    return false;
  }

  // — frames: bodies —

  onDataBegin(id: number, payloadBytes: number, endsStream: boolean): boolean {
    if (payloadBytes > 0) this.#guard.onContent();
    if (payloadBytes > this.#receiveWindow) {
      this.fail(ErrorCode.flowControlError, 'more than the window of the connection');
      return false;
    }
    this.#receiveWindow -= payloadBytes;
    const stream = this.#streams.get(id);
    if (!stream || stream.isRemoteEnded || payloadBytes > stream.receiveWindow) {
      this.credit(payloadBytes);
      if (!stream) this.#onDataOfNobody(id);
      else if (stream.isRemoteEnded) this.#breakStream(stream, ErrorCode.streamClosed, 'DATA behind the end');
      else this.#breakStream(stream, ErrorCode.flowControlError, 'more than the window of the stream');
      return false;
    }
    if (this.role === 'client' && !stream.hasResponse) {
      this.credit(payloadBytes);
      this.#breakStream(stream, ErrorCode.protocolError, 'DATA before the head');
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
        return this.#breakStream(stream, ErrorCode.protocolError, 'a body longer than its length');
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
    if (this.#dataEndsStream) this.#endRemote(stream, undefined);
    return undefined;
  }

  #endRemote(stream: Http2Stream, trailers: Trailers | undefined): void {
    if (stream.missingBytes > 0) {
      this.#counters.rxMessagingError.add();
      return this.#breakStream(stream, ErrorCode.protocolError, 'a body shorter than its length');
    }
    return stream.endRemote(trailers);
  }

  #onDataOfNobody(id: number): void {
    if (this.#isIdle(id)) this.fail(ErrorCode.protocolError, `DATA on stream ${id}`);
    else this.#onFrameOfClosed(id, 'DATA');
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
    const stream = this.#streams.get(id);
    if (stream) return this.#breakStream(stream, code, 'PRIORITY');
    return this.fail(code, 'PRIORITY');
  }

  onReset(id: number, code: number): void {
    this.#counters.rxReset.add();
    if (this.#isIdle(id)) return this.fail(ErrorCode.protocolError, `RST_STREAM on stream ${id}`);
    const stream = this.#streams.get(id);
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
    for (const stream of this.#streams.values()) {
      stream.sendWindow += grown;
      if (stream.sendWindow > windowBytesMax) return false;
      if (stream.sendWindow > 0 && stream.hasPieces) this.queue.add(stream);
    }
    return true;
  }

  onSettingsAcknowledged(): void {
    this.#decoder.allowTable(this.#limits.headerTableBytesMax);
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
      for (const stream of this.#streams.values()) {
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
    const stream = this.#streams.get(id);
    if (!stream) return this.#isIdle(id) ? this.fail(ErrorCode.protocolError, `WINDOW_UPDATE on stream ${id}`) : undefined;
    if (increment === 0) return this.#breakStream(stream, ErrorCode.protocolError, 'WINDOW_UPDATE of 0');
    stream.sendWindow += increment;
    if (stream.sendWindow > windowBytesMax) return this.#breakStream(stream, ErrorCode.flowControlError, 'a window beyond 31 bits');
    if (!stream.hasPieces) return undefined;
    this.queue.add(stream);
    return this.queue.pump();
  }

  onBrokenFrame(code: number, reason: string): void {
    this.fail(code, reason);
  }

  // — ends —

  /** Nobody has used it yet: whatever names it but HEADERS comes too early. */
  #isIdle(id: number): boolean {
    const isPeers = (id & 1) === (this.role === 'server' ? 1 : 0);
    return id > (isPeers ? this.#lastPeerStream : this.#lastOwnStream);
  }

  /** Something for a stream that is over (RFC 9113 5.1, "closed"). */
  #onFrameOfClosed(id: number, what: string): void {
    const byPeer = this.#resets.wasByPeer(id);
    // We have reset it, and the peer did not know yet; or it is a response to what we have given up.
    if (byPeer === false || this.role === 'client') return undefined;
    if (byPeer === undefined) return this.fail(ErrorCode.streamClosed, `${what} on stream ${id}, which is over`);
    return this.#writeReset(id, ErrorCode.streamClosed);
  }

  #breakStream(stream: Http2Stream, code: number, reason: string): void {
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
