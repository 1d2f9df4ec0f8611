/**
 * One HTTP/2 stream of a client, as the client's side of one exchange.
 *
 *     begun → (responding → responded) → closed
 *
 * A stream whose response was given whole may go on for a while, until a slow client has taken it; how long is
 * limited as its silence was.
 */
import type { Buffer } from 'node:buffer';
import { RequestHead, type ResponseHead, type Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { DownstreamCodec } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { fieldsByName, readTrailers, responseFields, trailerFields } from '../http2-fields.ts';
import { Http2BodyWriter } from '../http2-body-writer.ts';
import { endStreamFlag, errorCode, type ServerHttp2Stream } from '../network/node-http2.ts';
import type { OutcomeCode } from '../outcome.ts';
import { StreamInfo } from '../stream-info.ts';
import type { Sweepable } from '../sweep.ts';
import { ActiveStream } from './active-stream.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { readHttp2RequestHead } from './http2-request-head.ts';
import { nextStreamDeadline, overdueStream } from './stream-deadlines.ts';

/** The connection, as its streams see it. */
export interface Http2StreamOwner {
  readonly engine: Engine;
  /** Of the connection. */
  readonly id: number;
  readonly remote: Address;
  readonly local: Address;
  readonly connectionInfo: ConnectionInfo | undefined;
  /** An end before the response had ended, by the client or because of it. */
  onEarlyEnd(): void;
  onStreamClosed(stream: Http2DownstreamStream): void;
  /** A body that was held back goes on, or is gone. */
  onUnheld(): void;
}

/** Why the body is held back; each may be so on its own. */
const heldForStream = 1;
const heldForUpstream = 2;

const never = Number.POSITIVE_INFINITY;

export class Http2DownstreamStream implements DownstreamCodec, Sweepable {
  deadline = never;
  sweepIndex = -1;
  readonly #connection: Http2StreamOwner;
  readonly #manager: ConnectionManager;
  readonly #stream: ServerHttp2Stream;
  readonly #body: Http2BodyWriter;
  /** Undefined before the head was read and after the exchange has ended. */
  #active: ActiveStream | undefined;
  #requestDone = false;
  #responseEnded = false;
  #held = 0;
  /** The request has ended, which its reader must not hear yet. */
  #endsLater = false;
  #trailers: Trailers | undefined;
  #isClosed = false;

  constructor(connection: Http2StreamOwner, manager: ConnectionManager, stream: ServerHttp2Stream) {
    this.#connection = connection;
    this.#manager = manager;
    this.#stream = stream;
    this.#body = new Http2BodyWriter(stream, () => this.#inTurn(() => this.#active?.onDownstreamDrain()));
    stream.on('aborted', () => this.#inTurn(() => this.#onEarlyEnd()));
    stream.on('error', (error) => this.#connection.engine.logger.debug('http2 stream failed', { error: error.message }));
    stream.on('close', () => this.#inTurn(() => this.#onClose()));
  }

  /** Bytes of the body that have come and may not be delivered. */
  get heldBytes(): number {
    return this.#held === 0 ? 0 : this.#stream.readableLength;
  }

  /** The head has come. */
  start(fields: readonly string[], flags: number): void {
    const { engine, remote, local, id, connectionInfo } = this.#connection;
    const endsStream = (flags & endStreamFlag) !== 0;
    const head = new RequestHead();
    const refusal = readHttp2RequestHead(fields, endsStream, this.#manager.headLimits, head);
    const info = new StreamInfo(remote, local);
    info.connection = connectionInfo;
    info.filterChainName = this.#manager.filterChainName;
    info.startAt = engine.turn.now();
    info.startWallTime = engine.turn.wallTime();
    info.connectionId = id;
    info.protocol = 'HTTP/2';
    this.#requestDone = endsStream;
    if (refusal) head.framing = 'none';
    const active = new ActiveStream(engine, this.#manager, this, head, info);
    this.#active = active;
    if (refusal) {
      this.#stream.resume();
      return active.fail(refusal);
    }
    if (head.framing === 'none') this.#stream.resume();
    else this.#readBody();
    const conditions = this.#manager.conditionRequest(head, info);
    if (head.method === 'CONNECT') conditions.refusal = 'upgrade-refused';
    active.start(conditions);
    if (this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
  }

  cut(code: OutcomeCode): void {
    this.#active?.reset(code);
  }

  onConnectionClosed(): void {
    this.#onClose();
  }

  onCrash(error: unknown): void {
    this.#active?.crash(error);
    this.#reset(errorCode.internalError);
  }

  onDeadline(now: number): void {
    const active = this.#active;
    // The response is given, and nobody takes it.
    if (!active) return this.#reset(errorCode.cancel);
    active.logWhileOpen(now);
    const code = overdueStream(active, this.#manager.config, now);
    if (code) active.fail(code);
    if (this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
  }

  // — the request —

  #readBody(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => this.#inTurn(() => this.#active?.onRequestData(chunk, 0, chunk.length, true)));
    stream.on('trailers', (_headers, _flags, fields) => (this.#trailers = readTrailers(fields)));
    stream.on('end', () => this.#inTurn(() => this.#onRequestEnd()));
    stream.pause();
  }

  #onRequestEnd(): void {
    // What was reset ends too, in Node's eyes.
    if (this.#stream.aborted) return;
    // The end of an empty body comes however it is held back.
    this.#endsLater = (this.#held & heldForStream) !== 0;
    if (this.#endsLater) return;
    this.#requestDone = true;
    const active = this.#active;
    active?.onRequestEnd(this.#trailers);
    // From here on the route's timeout counts.
    if (active && this.#active) this.deadline = nextStreamDeadline(active, this.#manager.config);
  }

  holdBody(): void {
    this.#hold(heldForStream);
  }

  releaseBody(): void {
    this.#unhold(heldForStream);
    if (!this.#endsLater) return;
    this.#endsLater = false;
    this.#connection.engine.turn.after(() => this.#inTurn(() => this.#onRequestEnd()));
  }

  pauseBody(): void {
    this.#hold(heldForUpstream);
  }

  resumeBody(): void {
    this.#unhold(heldForUpstream);
  }

  #hold(reason: number): void {
    if (this.#held === 0) this.#stream.pause();
    this.#held |= reason;
  }

  #unhold(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if (this.#held !== 0) return;
    this.#stream.resume();
    this.#connection.onUnheld();
  }

  // — the response —

  writeContinue(): void {
    if (this.#isWritable) this.#stream.additionalHeaders({ ':status': 100 });
  }

  writeInformational(head: ResponseHead): void {
    if (this.#isWritable) this.#stream.additionalHeaders({ ':status': head.status, ...fieldsByName(head) });
  }

  writeHead(head: ResponseHead): void {
    if (!this.#isWritable) return;
    const endStream = head.framing === 'none';
    // Only a body whose length is not stated may be followed by trailers.
    this.#body.begin(!endStream && head.framing !== 'length');
    this.#stream.respond(responseFields(head), { endStream, waitForTrailers: this.#body.awaitsTrailers });
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    return !this.#isWritable || this.#body.write(memory, start, end, mayBorrow);
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#responseEnded = true;
    if (this.#isWritable) this.#body.end(trailerFields(trailers));
  }

  /** Never reached: a request of HTTP/2 has no Upgrade, so no exchange of it becomes a tunnel. */
  writeTunnelHead(head: ResponseHead): void {
    throw new TypeError(`a switch of protocols (${head.status}) on a stream of HTTP/2`);
  }

  endTunnel(): void {
    this.#body.end({});
  }

  finish(intact: boolean): void {
    this.#active = undefined;
    this.#held = 0;
    if (this.#isClosed || this.#stream.destroyed) return;
    const { streamIdleTimeoutMs } = this.#manager.config;
    this.deadline = streamIdleTimeoutMs === 0 ? never : this.#connection.engine.turn.now() + streamIdleTimeoutMs;
    if (!this.#responseEnded) this.#reset(errorCode.internalError);
    // A body that nobody wants any more: the client may stop, and the response stands (RFC 9113 8.1).
    else if (!intact || !this.#requestDone) this.#reset(errorCode.noError);
    this.#stream.resume();
    this.#connection.onUnheld();
  }

  // — ends —

  /** The client has reset it, or nghttp2 has because of the client, or the connection is gone. */
  #onEarlyEnd(): void {
    const active = this.#active;
    if (!active) return;
    active.onDownstreamFailure('downstream-closed');
    this.#connection.onEarlyEnd();
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onEarlyEnd();
    this.#connection.onStreamClosed(this);
  }

  #reset(code: number): void {
    if (!this.#stream.closed) this.#stream.close(code);
  }

  get #isWritable(): boolean {
    return !this.#isClosed && !this.#stream.destroyed && !this.#stream.closed;
  }

  #inTurn(work: () => void): void {
    const { turn } = this.#connection.engine;
    turn.enter();
    try {
      work();
    } catch (error) {
      this.onCrash(error);
    } finally {
      turn.leave();
    }
  }
}
