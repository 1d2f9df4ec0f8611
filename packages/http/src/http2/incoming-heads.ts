/** HEADERS as they come: heads of requests and responses, and trailers, each decoded once, also those nobody wants (RFC 9113 6.2, 8). */
import type { Buffer } from 'node:buffer';
import { Trailers, type RequestHead } from '../message-head.ts';
import { ErrorCode } from './error-code.ts';
import type { FloodGuard } from './flood-guard.ts';
import { HeadDecoder, type HeadVerdict } from './head-decoder.ts';
import type { Http2Counters, Http2Limits } from './http2-options.ts';
import type { Http2Stream } from './http2-stream.ts';
import { frameResponse } from './response-framing.ts';
import { SpareHeads } from './spare-heads.ts';
import type { StreamTable } from './stream-table.ts';

/** The connection, as heads see it. */
export interface IncomingHeadsOwner {
  readonly role: 'server' | 'client';
  fail(code: number, reason: string): void;
  breakStream(stream: Http2Stream, code: number, reason: string): void;
  /** A stream that is not served. */
  refuse(id: number): void;
  /** The same, and the peer has been told before: it says nothing. */
  ignore(id: number): void;
  onFrameOfClosed(id: number, what: string): void;
  onRequestHead(id: number, head: RequestHead, verdict: HeadVerdict, endsStream: boolean): void;
  endRemote(stream: Http2Stream, trailers: Trailers | undefined): void;
}

export class IncomingHeads {
  readonly #owner: IncomingHeadsOwner;
  readonly #table: StreamTable;
  readonly #guard: FloodGuard;
  readonly #counters: Http2Counters;
  readonly #concurrentStreamsMax: number;
  readonly #isServer: boolean;
  readonly #decoder: HeadDecoder;
  readonly #spares = new SpareHeads();

  constructor(owner: IncomingHeadsOwner, limits: Http2Limits, table: StreamTable, guard: FloodGuard, counters: Http2Counters) {
    this.#owner = owner;
    this.#table = table;
    this.#guard = guard;
    this.#counters = counters;
    this.#concurrentStreamsMax = limits.concurrentStreamsMax;
    this.#isServer = owner.role === 'server';
    this.#decoder = new HeadDecoder(limits.headerTableBytesMax, limits.head);
    this.#decoder.allowsProtocol = this.#isServer && limits.allowsConnect;
  }

  /** Of the request that came last: why it is malformed. */
  get fault(): string {
    return this.#decoder.fault;
  }

  /** Of the request that came last: the protocol its CONNECT asks for; empty for others. */
  get protocol(): string {
    return this.#decoder.protocol;
  }

  /** The peer knows how large our table is. */
  allowTable(bytesMax: number): void {
    this.#decoder.allowTable(bytesMax);
  }

  /** Nobody will look at it any more. */
  giveBack(head: RequestHead): void {
    this.#spares.giveBackRequest(head);
  }

  onHeaders(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void {
    this.#guard.onContent();
    const stream = this.#table.open.get(id);
    if (stream) {
      if (dependsOn === id) return this.#skipHead(bytes, start, end) ? this.#owner.breakStream(stream, ErrorCode.protocolError, 'a stream that depends on itself') : undefined;
      if (stream.isRemoteEnded) return this.#skipHead(bytes, start, end) ? this.#owner.breakStream(stream, ErrorCode.streamClosed, 'HEADERS behind the end') : undefined;
      if (!this.#isServer && !stream.hasResponse) return this.#readResponse(stream, bytes, start, end, endsStream);
      return this.#readTrailers(stream, bytes, start, end, endsStream);
    }
    if (this.#isServer && this.#table.isOfPeer(id) && id > this.#table.lastOfPeer) return this.#readRequest(id, bytes, start, end, endsStream, dependsOn);
    if (this.#table.isIdle(id)) return this.#owner.fail(ErrorCode.protocolError, `HEADERS on stream ${id}`);
    if (!this.#skipHead(bytes, start, end)) return undefined;
    return this.#owner.onFrameOfClosed(id, 'HEADERS');
  }

  #readRequest(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void {
    const table = this.#table;
    table.lastOfPeer = id;
    this.#guard.onStream();
    if (id > table.lastServed || table.held >= this.#concurrentStreamsMax) {
      if (!this.#skipHead(bytes, start, end)) return undefined;
      // Those behind our last stream have been told, and are asked again elsewhere.
      return id > table.lastServed ? this.#owner.ignore(id) : this.#owner.refuse(id);
    }
    const head = this.#spares.takeRequest();
    const verdict = this.#decoder.readRequest(bytes, start, end, head, endsStream);
    if (verdict === 'bad-code') return this.#owner.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    if (verdict === 'malformed') this.#counters.rxMessagingError.add();
    else if (verdict !== 'whole') this.#counters.headerOverflow.add();
    return this.#owner.onRequestHead(id, head, dependsOn === id ? 'malformed' : verdict, endsStream);
  }

  #readResponse(stream: Http2Stream, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const head = this.#spares.takeResponse();
    const verdict = this.#decoder.readResponse(bytes, start, end, head);
    if (verdict === 'bad-code') return this.#owner.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    if (verdict !== 'whole') return this.#refuseHead(stream, verdict);
    const fault = frameResponse(head, stream, endsStream);
    if (fault !== undefined) return this.#owner.breakStream(stream, ErrorCode.protocolError, fault);
    stream.events.onResponse(head);
    if (endsStream) stream.endRemote(undefined);
    return undefined;
  }

  #readTrailers(stream: Http2Stream, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const trailers = new Trailers();
    const verdict = this.#decoder.readTrailers(bytes, start, end, trailers);
    if (verdict === 'bad-code') return this.#owner.fail(ErrorCode.compressionError, 'trailers that are no HPACK');
    if (!endsStream) return this.#owner.breakStream(stream, ErrorCode.protocolError, 'a second head');
    if (verdict !== 'whole') return this.#refuseHead(stream, verdict);
    return this.#owner.endRemote(stream, trailers.count > 0 ? trailers : undefined);
  }

  #refuseHead(stream: Http2Stream, verdict: HeadVerdict): void {
    this.#counters[verdict === 'malformed' ? 'rxMessagingError' : 'headerOverflow'].add();
    this.#owner.breakStream(stream, ErrorCode.protocolError, verdict === 'malformed' ? this.#decoder.fault : verdict);
  }

  /** False when that broke the connection. */
  #skipHead(bytes: Buffer, start: number, end: number): boolean {
    if (this.#decoder.skip(bytes, start, end)) return true;
    this.#owner.fail(ErrorCode.compressionError, 'a head that is no HPACK');
    return false;
  }
}
