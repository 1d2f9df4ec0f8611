/** One exchange on an HTTP/2 connection to a host: the upstream's side of one attempt. */
import type { Buffer } from 'node:buffer';
import { ResponseHead, type RequestHead, type Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { UpstreamEvents } from '../codec.ts';
import { Http2BodyWriter } from '../http2-body-writer.ts';
import { contentLengthOf, readFields, readTrailers, requestFields, trailerFields } from '../http2-fields.ts';
import { endStreamFlag, errorCode, type ClientHttp2Stream } from '../network/node-http2.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { UpstreamExchange } from './host-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** The connection, as its exchanges see it. */
export interface Http2ExchangeOwner {
  readonly context: UpstreamContext;
  readonly localAddress: Address;
  /** The other side is not there any more. */
  readonly isGone: boolean;
  /** @throws when the connection cannot carry it any more */
  request(fields: readonly string[], options: { readonly endStream: boolean; readonly waitForTrailers: boolean }): ClientHttp2Stream;
  onStreamClosed(stream: Http2UpstreamStream): void;
  /** A response that was held back goes on, or is gone. */
  onUnheld(): void;
}

/** 1xx heads of one response, then it is a flood; the same as `http1-upstream.ts` allows. */
const informationalMax = 16;

export class Http2UpstreamStream implements UpstreamExchange {
  readonly isReused: boolean;
  readonly #connection: Http2ExchangeOwner;
  #events: UpstreamEvents | undefined;
  #stream: ClientHttp2Stream | undefined;
  #body: Http2BodyWriter | undefined;
  #requestMethod = '';
  #requestDone = false;
  #response: ResponseHead | undefined;
  /** Of the body still to come, where its length was stated. */
  #missingBytes = 0;
  #trailers: Trailers | undefined;
  #informationals = 0;
  #isHeld = false;

  constructor(connection: Http2ExchangeOwner, isReused: boolean) {
    this.#connection = connection;
    this.isReused = isReused;
  }

  readonly protocol = 'HTTP/2';

  get localAddress(): Address {
    return this.#connection.localAddress;
  }

  /** Bytes of the response that have come and may not be delivered. */
  get heldBytes(): number {
    return this.#isHeld ? (this.#stream?.readableLength ?? 0) : 0;
  }

  begin(events: UpstreamEvents): void {
    this.#events = events;
  }

  // — the request —

  /** A connection of HTTP/2 carries no upgrades; who wants one does not come here. */
  writeHead(head: RequestHead): void {
    this.#requestMethod = head.method;
    this.#requestDone = head.framing === 'none';
    const waitForTrailers = head.framing === 'chunked';
    let stream: ClientHttp2Stream;
    try {
      stream = this.#connection.request(requestFields(head), { endStream: this.#requestDone, waitForTrailers });
    } catch (error) {
      // The connection has ended between being picked and being used; nothing was sent.
      this.#connection.context.turn.after(() => this.#fail('upstream-refused-stream', (error as Error).message));
      return;
    }
    this.#stream = stream;
    this.#body = new Http2BodyWriter(stream, () => this.#inTurn(() => this.#events?.onUpstreamDrain()));
    this.#body.begin(waitForTrailers);
    this.#listen(stream);
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (!this.#stream || this.#stream.destroyed || this.#stream.closed) return true;
    return this.#body?.write(memory, start, end, mayBorrow) ?? true;
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#requestDone = true;
    if (this.#stream && !this.#stream.destroyed && !this.#stream.closed) this.#body?.end(trailerFields(trailers));
  }

  endTunnel(): void {
    this.#body?.end({});
  }

  completeTunnel(): void {
    this.abort();
  }

  pauseResponse(): void {
    this.#isHeld = true;
    this.#stream?.pause();
  }

  resumeResponse(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#stream?.resume();
    this.#connection.onUnheld();
  }

  abort(): void {
    this.#events = undefined;
    this.#let(errorCode.cancel);
  }

  // — the response —

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (_headers, _flags, fields) => this.#inTurn(() => this.#onInformational(fields)));
    stream.on('response', (_headers, flags, fields) => this.#inTurn(() => this.#onResponse(fields, flags)));
    stream.on('trailers', (_headers, _flags, fields) => (this.#trailers = readTrailers(fields)));
    stream.on('end', () => this.#inTurn(() => this.#onEnd()));
    stream.on('error', () => {});
    stream.on('close', () => this.#inTurn(() => this.#onClose()));
  }

  #onInformational(fields: readonly string[]): void {
    const head = new ResponseHead();
    this.#informationals += 1;
    if (this.#informationals > informationalMax) return this.#refuse('too many interim responses');
    const fault = readHead(fields, head);
    if (fault !== undefined || head.status < 100 || head.status > 199 || head.status === 101) return this.#refuse(fault ?? `interim status ${head.status}`);
    this.#events?.onInformational(head);
  }

  #onResponse(fields: readonly string[], flags: number): void {
    if (!this.#events) return;
    const head = new ResponseHead();
    const fault = readHead(fields, head);
    if (fault !== undefined) return this.#refuse(fault);
    const contentLength = contentLengthOf(head);
    if (contentLength === -1) return this.#refuse('content-length');
    const isBodyless = this.#requestMethod === 'HEAD' || head.status === 204 || head.status === 304;
    if ((flags & endStreamFlag) !== 0 || isBodyless) {
      head.framing = 'none';
    } else {
      head.framing = contentLength === undefined ? 'chunked' : 'length';
      head.contentLength = contentLength ?? 0;
      this.#missingBytes = head.contentLength;
    }
    this.#response = head;
    this.#events.onResponseHead(head);
    // Node may read the body before it tells of the head; it flows from here on, unless it was paused meanwhile.
    this.#stream?.on('data', (chunk: Buffer) => this.#inTurn(() => this.#onData(chunk)));
    if ((flags & endStreamFlag) !== 0) this.#complete();
  }

  #onData(chunk: Buffer): void {
    if (this.#response?.framing === 'none') return;
    this.#missingBytes -= chunk.length;
    this.#events?.onResponseData(chunk, 0, chunk.length, true);
  }

  #onEnd(): void {
    if (!this.#response) return;
    if (this.#response.framing === 'length' && this.#missingBytes !== 0) return this.#refuse('the body is shorter than its length');
    this.#complete();
  }

  #complete(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onResponseEnd(this.#trailers);
    // What is left of the request is of no interest to the host.
    if (!this.#requestDone) this.#let(errorCode.cancel);
  }

  // — ends —

  /** The whole connection is gone. */
  onConnectionClosed(): void {
    this.#fail('upstream-closed', 'connection closed by the upstream');
  }

  #onClose(): void {
    const code = this.#stream?.rstCode ?? errorCode.noError;
    if (this.#connection.isGone) this.#fail('upstream-closed', 'connection closed by the upstream');
    else this.#fail(outcomeOfReset(code), `stream reset with code ${code}`);
    this.#connection.onStreamClosed(this);
  }

  #refuse(reason: string): void {
    this.#let(errorCode.protocolError);
    this.#fail('upstream-protocol-error', `response: ${reason}`);
  }

  #fail(code: OutcomeCode, reason: string): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onUpstreamFailure(code, reason);
    if (!this.#stream) this.#connection.onStreamClosed(this);
  }

  /** Ends the stream towards the host; `close` follows. */
  #let(code: number): void {
    const stream = this.#stream;
    if (!stream) return this.#connection.onStreamClosed(this);
    this.#isHeld = false;
    if (!stream.closed) stream.close(code);
    stream.resume();
  }

  #inTurn(work: () => void): void {
    const { turn } = this.#connection.context;
    turn.enter();
    try {
      work();
    } catch (error) {
      const events = this.#events;
      this.#events = undefined;
      this.#let(errorCode.internalError);
      events?.onUpstreamCrash(error);
    } finally {
      turn.leave();
    }
  }
}

function readHead(fields: readonly string[], head: ResponseHead): string | undefined {
  return readFields(fields, head, (name, value) => {
    if (name !== ':status' || head.status !== 0 || !/^[1-5]\d\d$/.test(value)) return false;
    head.status = Number(value);
    return true;
  });
}

/** What became of a request whose stream was reset (RFC 9113 7). */
function outcomeOfReset(code: number): OutcomeCode {
  switch (code) {
    case errorCode.refusedStream:
      return 'upstream-refused-stream';
    case errorCode.protocolError:
      return 'upstream-protocol-error';
    default:
      return 'upstream-remote-reset';
  }
}
