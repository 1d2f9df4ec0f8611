/** One exchange on an HTTP/2 connection to a host: the upstream's side of one attempt. */
import type { Buffer } from 'node:buffer';
import { ErrorCode, type Http2Stream, type Http2StreamEvents, type RequestHead, type ResetCause, type ResponseHead, type Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { TunnelKind, UpstreamEvents } from '../codec.ts';
import { Http2HeldBytes } from '../http2-held-bytes.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { UpstreamExchange } from './host-pool.ts';
import { Http2TunnelRequest } from './http2-tunnel-request.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** The connection, as its exchanges see it. */
export interface Http2ExchangeOwner {
  readonly context: UpstreamContext;
  readonly localAddress: Address;
  /** Whether the host takes a CONNECT that asks for another protocol. */
  readonly allowsTunnels: boolean;
  /** Undefined when the connection cannot carry it any more. */
  openHttp2Stream(): Http2Stream | undefined;
  onStreamClosed(stream: Http2UpstreamStream): void;
}

/** 1xx heads of one response, then it is a flood; the same as `http1-upstream.ts` allows. */
const informationalMax = 16;

export class Http2UpstreamStream implements UpstreamExchange, Http2StreamEvents {
  readonly protocol = 'HTTP/2';
  readonly isReused: boolean;
  readonly #connection: Http2ExchangeOwner;
  #events: UpstreamEvents | undefined;
  #stream: Http2Stream | undefined;
  #tunnel: Http2TunnelRequest | undefined;
  /** Its request is a CONNECT without a protocol, which a 2xx makes a tunnel. */
  #connects = false;
  #isTunnel = false;
  #informationals = 0;
  #isHeld = false;
  #kept: Http2HeldBytes | undefined;
  #owedBytes = 0;
  #isDelivering = false;
  /** The response has ended, which its reader has not heard yet. */
  #endsLater = false;
  #trailers: Trailers | undefined;

  constructor(connection: Http2ExchangeOwner, isReused: boolean) {
    this.#connection = connection;
    this.isReused = isReused;
  }

  get localAddress(): Address {
    return this.#connection.localAddress;
  }

  begin(events: UpstreamEvents): void {
    this.#events = events;
  }

  // — the request —

  writeHead(head: RequestHead, tunnel: TunnelKind | undefined): void {
    this.#connects = tunnel === 'connect';
    if (tunnel === 'upgrade') {
      if (!this.#connection.allowsTunnels) return this.#failLater('upgrade-refused', 'the upstream takes no CONNECT with a protocol');
      this.#tunnel = new Http2TunnelRequest(head);
    }
    const stream = this.#connection.openHttp2Stream();
    // The connection has ended between being picked and being used; nothing was sent.
    if (!stream) return this.#failLater('upstream-refused-stream', 'the connection is gone');
    this.#stream = stream;
    stream.events = this;
    stream.answersHead = head.method === 'HEAD';
    stream.writeRequest(head, head.framing === 'none' && !tunnel, schemeOf(head), this.#tunnel?.protocol ?? '');
    return undefined;
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    return this.#stream?.writeData(memory, start, end, mayBorrow) ?? true;
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#stream?.writeEnd(trailers);
  }

  endTunnel(): void {
    this.#stream?.writeEnd(undefined);
  }

  completeTunnel(): void {
    this.#events = undefined;
    this.#letGo();
  }

  pauseResponse(): void {
    this.#isHeld = true;
  }

  resumeResponse(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#deliverKept();
  }

  abort(): void {
    this.#events = undefined;
    this.#stream?.reset(ErrorCode.cancel);
    this.#letGo();
  }

  // — the response —

  onResponse(head: ResponseHead): void {
    if (head.status < 200) return this.#onInformational(head);
    const events = this.#events;
    if ((this.#tunnel || this.#connects) && head.status < 300) {
      this.#isTunnel = true;
      this.#tunnel?.answer(head);
      return events?.onTunnelHead(head);
    }
    return events?.onResponseHead(head);
  }

  #onInformational(head: ResponseHead): void {
    this.#informationals += 1;
    if (this.#informationals > informationalMax) return this.#refuse('too many interim responses');
    return this.#events?.onInformational(head);
  }

  onData(memory: Buffer, start: number, end: number): void {
    if (this.#isHeld || this.#isDelivering || (this.#kept && !this.#kept.isEmpty)) {
      this.#kept ??= new Http2HeldBytes();
      return this.#kept.add(memory, start, end);
    }
    return this.#deliver(memory, start, end, false);
  }

  onEnd(trailers: Trailers | undefined): void {
    this.#trailers = trailers;
    this.#endsLater = true;
    this.#complete();
  }

  onDrain(): void {
    this.#events?.onUpstreamDrain();
  }

  #deliver(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    this.#owedBytes += end - start;
    this.#events?.onResponseData(memory, start, end, mayBorrow);
    this.#payBack();
  }

  /** What was delivered and not refused has been taken. */
  #payBack(): void {
    if (this.#isHeld || this.#owedBytes === 0) return;
    const bytes = this.#owedBytes;
    this.#owedBytes = 0;
    this.#stream?.consume(bytes);
  }

  #deliverKept(): void {
    if (this.#isDelivering) return;
    this.#payBack();
    const kept = this.#kept;
    if (kept) {
      this.#isDelivering = true;
      while (!this.#isHeld) {
        const piece = kept.take();
        if (!piece) break;
        this.#deliver(piece, 0, piece.length, true);
      }
      this.#isDelivering = false;
    }
    this.#complete();
  }

  #complete(): void {
    if (!this.#endsLater || this.#isDelivering || (this.#kept && !this.#kept.isEmpty)) return;
    this.#endsLater = false;
    const events = this.#events;
    if (this.#isTunnel) return events?.onUpstreamTunnelEnd();
    this.#events = undefined;
    events?.onResponseEnd(this.#trailers);
    // What is left of the request is of no interest to the host.
    this.#stream?.reset(ErrorCode.cancel);
    return this.#letGo();
  }

  // — ends —

  onReset(code: number, cause: ResetCause, reason: string): void {
    // The response is here, whatever becomes of the request.
    if (this.#endsLater) return;
    this.#fail(outcomeOfReset(code, cause), cause === 'fault' ? `response: ${reason}` : reason);
  }

  #refuse(reason: string): void {
    this.#stream?.reset(ErrorCode.protocolError);
    this.#fail('upstream-protocol-error', `response: ${reason}`);
  }

  #failLater(code: OutcomeCode, reason: string): void {
    this.#connection.context.turn.after(() => this.#fail(code, reason));
  }

  #fail(code: OutcomeCode, reason: string): void {
    const events = this.#events;
    this.#events = undefined;
    this.#letGo();
    events?.onUpstreamFailure(code, reason);
  }

  #letGo(): void {
    this.#kept?.clear();
    this.#stream?.release();
    this.#connection.onStreamClosed(this);
  }
}

/** As the client asked, which the connection manager has written down; as Envoy passes it on. */
function schemeOf(head: RequestHead): 'http' | 'https' {
  return head.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
}

/** What became of a request whose stream was reset (RFC 9113 7). */
function outcomeOfReset(code: number, cause: ResetCause): OutcomeCode {
  if (cause === 'connection') return 'upstream-closed';
  if (cause === 'fault' || code === ErrorCode.protocolError) return 'upstream-protocol-error';
  return code === ErrorCode.refusedStream ? 'upstream-refused-stream' : 'upstream-remote-reset';
}
