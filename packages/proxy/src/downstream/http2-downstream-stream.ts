/**
 * One HTTP/2 stream of a client, as the client's side of one exchange.
 *
 *     begun → (responding → responded) → closed
 *
 * A stream whose response was given whole may go on for a while, until a slow client has taken it; how long is
 * limited as its silence was.
 */
import type { Buffer } from 'node:buffer';
import { ErrorCode, ResponseHead, type HeadVerdict, type Http2Stream, type Http2StreamEvents, type RequestHead, type ResetCause, type Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { DownstreamCodec } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { Http2HeldBytes } from '../http2-held-bytes.ts';
import type { Http2Statistics } from '../http2-statistics.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { Sweepable } from '../sweep.ts';
import { ActiveStream } from './active-stream.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { createExchangeInfo } from './exchange-info.ts';
import { askForTunnel, endTunnelHandshake } from './http2-tunnel-head.ts';
import { flushTimeoutMs, nextStreamDeadline, overdueStream } from './stream-deadlines.ts';

/** The connection, as its streams see it. */
export interface Http2StreamOwner {
  readonly engine: Engine;
  readonly statistics: Http2Statistics;
  readonly acceptedBy: DownstreamStatistics;
  /** Of the connection. */
  readonly id: number;
  readonly remote: Address;
  readonly local: Address;
  readonly connectionInfo: ConnectionInfo | undefined;
  /** An end before the response had ended, by the client or because of it. */
  onEarlyEnd(): void;
  onStreamClosed(stream: Http2DownstreamStream): void;
}

/** Why the body is held back; each may be so on its own. */
const heldForStream = 1;
const heldForUpstream = 2;

const never = Number.POSITIVE_INFINITY;

const refusals: Readonly<Record<Exclude<HeadVerdict, 'whole' | 'bad-code'>, readonly [OutcomeCode, resetCode: number]>> = {
  malformed: ['malformed-request', ErrorCode.protocolError],
  'too-large': ['head-too-large', ErrorCode.noError],
  'too-many-fields': ['too-many-fields', ErrorCode.enhanceYourCalm],
};

export class Http2DownstreamStream implements DownstreamCodec, Sweepable, Http2StreamEvents {
  deadline = never;
  sweepIndex = -1;
  readonly #connection: Http2StreamOwner;
  readonly #manager: ConnectionManager;
  readonly #stream: Http2Stream;
  /** Undefined before the head was read and after the exchange has ended. */
  #active: ActiveStream | undefined;
  /** What the stream is reset with when its exchange ends before its response has. */
  #resetCode: number = ErrorCode.internalError;
  #responseEnded = false;
  #held = 0;
  #kept: Http2HeldBytes | undefined;
  /** Delivered, and not taken by whoever it was for. */
  #owedBytes = 0;
  #isDelivering = false;
  /** The request has ended, which its reader must not hear yet. */
  #endsLater = false;
  #trailers: Trailers | undefined;

  constructor(connection: Http2StreamOwner, manager: ConnectionManager, stream: Http2Stream) {
    this.#connection = connection;
    this.#manager = manager;
    this.#stream = stream;
    stream.events = this;
  }

  /** The head has come. @param protocol what its CONNECT asks for; empty for every other request */
  start(head: RequestHead, verdict: HeadVerdict, protocol: string): void {
    const { engine, id, connectionInfo } = this.#connection;
    const info = createExchangeInfo(id, connectionInfo, this.#connection, this.#manager);
    info.startAt = engine.turn.now();
    info.startWallTime = engine.turn.wallTime();
    info.protocol = 'HTTP/2';
    if (verdict !== 'whole') return this.#refuse(head, verdict, info);
    // What follows a CONNECT is no body. One with a protocol is an ordinary request from here on, as far as conditions go.
    if (head.method === 'CONNECT') head.framing = 'none';
    if (protocol !== '') head.method = 'GET';
    const conditions = this.#manager.conditionRequest(head, info);
    if (protocol !== '') conditions.upgrade = askForTunnel(head, protocol, engine.random);
    const active = new ActiveStream(engine, this.#manager, this, head, info);
    this.#active = active;
    active.start(conditions);
    if (this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
    return undefined;
  }

  #refuse(head: RequestHead, verdict: Exclude<HeadVerdict, 'whole'>, info: StreamInfo): void {
    const [outcome, resetCode] = refusals[verdict === 'bad-code' ? 'malformed' : verdict];
    this.#resetCode = resetCode;
    head.framing = 'none';
    this.#active = new ActiveStream(this.#connection.engine, this.#manager, this, head, info);
    this.#active.fail(outcome);
    if (verdict !== 'too-large') this.#connection.onEarlyEnd();
  }

  cut(code: OutcomeCode): void {
    this.#active?.reset(code);
  }

  onCrash(error: unknown): void {
    this.#active?.crash(error);
    this.#reset(ErrorCode.internalError);
  }

  onDeadline(now: number): void {
    const active = this.#active;
    if (!active) {
      // The response is given, and nobody takes it.
      this.#connection.statistics.flushTimeouts.add();
      return this.#reset(ErrorCode.cancel);
    }
    active.logWhileOpen(now);
    const code = overdueStream(active, this.#manager.config, now);
    if (code) active.fail(code);
    if (this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
    return undefined;
  }

  // — the request —

  onResponse(): void {
    throw new TypeError('a response from a client');
  }

  onData(memory: Buffer, start: number, end: number): void {
    if (!this.#active) return this.#stream.consume(end - start);
    if (this.#held !== 0 || this.#isDelivering || (this.#kept && !this.#kept.isEmpty)) {
      this.#kept ??= new Http2HeldBytes();
      return this.#kept.add(memory, start, end);
    }
    return this.#deliver(memory, start, end, false);
  }

  onEnd(trailers: Trailers | undefined): void {
    this.#trailers = trailers;
    this.#endsLater = true;
    this.#endRequest();
  }

  #deliver(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    this.#owedBytes += end - start;
    this.#active?.onRequestData(memory, start, end, mayBorrow);
    this.#payBack();
  }

  /** What was delivered and not refused has been taken. */
  #payBack(): void {
    if (this.#held !== 0 || this.#owedBytes === 0) return;
    const bytes = this.#owedBytes;
    this.#owedBytes = 0;
    this.#stream.consume(bytes);
  }

  /** Delivers what was kept, as long as it is taken. */
  #deliverKept(): void {
    if (this.#isDelivering) return;
    this.#payBack();
    const kept = this.#kept;
    if (kept) {
      this.#isDelivering = true;
      while (this.#held === 0) {
        const piece = kept.take();
        if (!piece) break;
        this.#deliver(piece, 0, piece.length, true);
      }
      this.#isDelivering = false;
    }
    this.#endRequest();
  }

  #endRequest(): void {
    if (!this.#endsLater || (this.#held & heldForStream) !== 0 || this.#isDelivering || (this.#kept && !this.#kept.isEmpty)) return;
    this.#endsLater = false;
    const active = this.#active;
    if (!active) return;
    if (active.isTunnel) active.onTunnelEnd();
    else active.onRequestEnd(this.#trailers);
    // From here on the route's timeout counts.
    if (this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
  }

  holdBody(): void {
    this.#held |= heldForStream;
  }

  releaseBody(): void {
    this.#unhold(heldForStream);
  }

  pauseBody(): void {
    if ((this.#held & heldForUpstream) === 0) this.#connection.acceptedBy.readingPaused.add();
    this.#held |= heldForUpstream;
  }

  resumeBody(): void {
    if ((this.#held & heldForUpstream) === 0) return;
    this.#connection.acceptedBy.readingResumed.add();
    this.#unhold(heldForUpstream);
  }

  #unhold(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if (this.#held === 0) this.#deliverKept();
    else this.#endRequest();
  }

  // — the response —

  writeContinue(): void {
    this.#stream.writeResponse(ResponseHead.of(100), false);
  }

  writeInformational(head: ResponseHead): void {
    this.#stream.writeResponse(head, false);
  }

  writeHead(head: ResponseHead): void {
    this.#stream.writeResponse(head, head.framing === 'none');
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    return this.#stream.writeData(memory, start, end, mayBorrow);
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#responseEnded = true;
    this.#stream.writeEnd(trailers);
  }

  writeTunnelHead(head: ResponseHead): void {
    endTunnelHandshake(head);
    this.#stream.writeResponse(head, false);
  }

  endTunnel(): void {
    this.#responseEnded = true;
    this.#stream.writeEnd(undefined);
    // Half a tunnel has another deadline.
    this.lookAgain();
  }

  lookAgain(): void {
    if (this.#active) this.deadline = this.#connection.engine.turn.now();
  }

  onDrain(): void {
    if (this.#active) this.#active.onDownstreamDrain();
    else this.#settle();
  }

  finish(): void {
    const route = this.#active?.route;
    this.#active = undefined;
    this.#held = 0;
    this.#endsLater = false;
    this.#kept?.clear();
    if (!this.#responseEnded) return this.#reset(this.#resetCode);
    const flushMs = flushTimeoutMs(route, this.#manager.config);
    this.deadline = flushMs === 0 ? never : this.#connection.engine.turn.now() + flushMs;
    return this.#settle();
  }

  /** The exchange has ended: the stream goes as soon as what was written has gone. */
  #settle(): void {
    const stream = this.#stream;
    if (stream.hasPieces) return;
    // A body that nobody wants any more: the client may stop, and the response stands (RFC 9113 8.1).
    stream.reset(ErrorCode.noError);
    this.#letGo();
  }

  // — ends —

  onReset(_code: number, cause: ResetCause): void {
    const active = this.#active;
    if (active) {
      active.onDownstreamFailure(cause === 'peer' ? 'downstream-reset' : cause === 'fault' ? 'malformed-request' : 'downstream-closed');
      if (cause !== 'connection') this.#connection.onEarlyEnd();
    }
    this.#letGo();
  }

  onConnectionClosed(): void {
    this.#active?.onDownstreamFailure('downstream-closed');
    this.#letGo();
  }

  #reset(code: number): void {
    this.#stream.reset(code);
    this.#letGo();
  }

  #letGo(): void {
    this.#stream.release();
    this.#connection.onStreamClosed(this);
  }
}
