/**
 * One HTTP/1.1 connection to a host, serving one request after the other.
 *
 *     connecting → idle ⇄ busy → closed
 *                         busy → tunnel → closed
 *
 * It goes back to its pool only when the request was sent whole, the response came whole, nothing came after it
 * and both sides want to go on; in every other case it is closed, so that no response can ever be given to the
 * wrong request.
 */
import type { Buffer } from 'node:buffer';
import {
  BodyReader,
  createHeaderLine,
  incomplete,
  Known,
  refused,
  requestHeadBytesMax,
  ResponseReader,
  writeRequestHead,
  type HeadLimits,
  type RequestHead,
  ResponseHead,
  type Trailers,
} from '@sluice/http';
import type { Address, Connection, Counter, MeshError } from '@sluice/kernel';
import { writeChunk, writeEndOfChunks } from '../chunked-output.ts';
import type { TunnelKind, UpstreamEvents } from '../codec.ts';
import { OutputWriter } from '../output-buffer.ts';
import type { Sweepable } from '../sweep.ts';
import { HandlerInTurn, type TurnHandler } from '../turn.ts';
import type { UpstreamExchange } from './host-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** The pool, as its connections see it. */
export interface UpstreamOwner {
  onConnected(connection: Http1Upstream): void;
  /** It never came about. */
  onConnectFailed(connection: Http1Upstream, error: MeshError | undefined): void;
  /** Its exchange is over and it may serve another. */
  onIdle(connection: Http1Upstream): void;
  onClosed(connection: Http1Upstream): void;
  /** It was idle and has closed, or must not be used again. */
  onLost(connection: Http1Upstream, why: 'closed' | 'idle-timeout' | 'unasked-bytes'): void;
  /** The host says how long it lets connections rest. */
  onKeepAlive(value: string): void;
  /** The host has closed it after it had rested so long, or while the next request was on its way. */
  onClosedAtRest(restedMs: number): void;
  /** Of all connections of the cluster, in bytes. */
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  /** Requests it may serve; 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** What heads of responses may be. */
  readonly responseLimits: HeadLimits;
}

/** `closing`: given up by us; only `onClose` is awaited. */
type State = 'connecting' | 'idle' | 'head' | 'body' | 'tunnel' | 'closing' | 'closed';

/** 1xx heads of one response, then it is a flood. Chosen: real servers send one or two. */
const informationalMax = 16;

/** Body bytes after which a connection reads into memory of its own: one shared read. */
const largeBodyBytes = 64 * 1024;

/** How long the last bytes of a tunnel may take to leave. Chosen: a minute is patient, and nobody waits for it. */
const tunnelFlushMaxMs = 60_000;

const connectionUpgrade = createHeaderLine('connection', 'upgrade');
const chunkedCoding = createHeaderLine('transfer-encoding', 'chunked');

const hopByHopOfTunnel = Known.contentLength | Known.transferEncoding | Known.connection | Known.keepAlive | Known.upgrade;

export class Http1Upstream implements UpstreamExchange, TurnHandler, Sweepable {
  deadline = Number.POSITIVE_INFINITY;
  sweepIndex = -1;
  /** When connecting began. */
  readonly startedAt: number;
  requestsServed = 0;
  /** The host has closed it, and not we. */
  wasClosedByHost = false;
  /** We have closed it with a request under way. */
  wasAborted = false;
  /** Since when it rests, or had rested before its present request; 0 for never. */
  #restingSince = 0;
  readonly #owner: UpstreamOwner;
  readonly #context: UpstreamContext;
  readonly #connection: Connection;
  readonly #writer: OutputWriter;
  readonly #reader: ResponseReader;
  readonly #body: BodyReader;
  #state: State = 'connecting';
  #events: UpstreamEvents | undefined;
  #requestDone = true;
  /** Of a request whose body is not sent whole yet, upgrade or not. */
  #owesBody = false;
  #requestChunked = false;
  #upgradeToken = '';
  /** The request is a CONNECT, which a 2xx makes a tunnel. */
  #connects = false;
  #informationals = 0;
  #responseBegun = false;
  #bodyBytes = 0;
  #isDedicated = false;

  constructor(owner: UpstreamOwner, context: UpstreamContext, address: Address, connectTimeoutMs: number) {
    this.#owner = owner;
    this.#context = context;
    this.#reader = new ResponseReader(owner.responseLimits);
    this.#body = new BodyReader(owner.responseLimits);
    this.startedAt = context.turn.now();
    this.#connection = context.network.connect(address, new HandlerInTurn(context.turn, this), { timeoutMs: connectTimeoutMs });
    this.#writer = new OutputWriter(this.#connection, context.output, owner.bytesSent);
  }

  get isReused(): boolean {
    return this.requestsServed > 1;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  readonly protocol = 'HTTP/1.1';

  get localAddress(): Address {
    return this.#connection.local;
  }

  /** Ready for one exchange: the next thing is `writeHead`. Only when idle. */
  begin(events: UpstreamEvents): void {
    this.#events = events;
    this.#state = 'head';
    this.deadline = Number.POSITIVE_INFINITY;
    this.requestsServed += 1;
    this.#informationals = 0;
    this.#responseBegun = false;
    this.#bodyBytes = 0;
    this.#upgradeToken = '';
    this.#connects = false;
    this.#reader.restart();
  }

  /** In the pool until `deadline`. */
  rest(deadline: number): void {
    this.#state = 'idle';
    this.#restingSince = this.#context.turn.now();
    this.deadline = deadline;
  }

  /** Ends an idle connection. */
  close(): void {
    this.#giveUp();
  }

  // — the request —

  writeHead(head: RequestHead, tunnel: TunnelKind | undefined): void {
    if (tunnel === 'bytes') return this.#beginBytes();
    this.#reader.requestMethod = head.method;
    this.#requestChunked = head.framing === 'chunked';
    this.#owesBody = head.framing !== 'none';
    this.#requestDone = !this.#owesBody && !tunnel;
    // Requests of HTTP/2 have bodies of unknown length without a field that says so.
    if (this.#requestChunked && (head.known & Known.transferEncoding) === 0) head.addLine(chunkedCoding);
    this.#connects = tunnel === 'connect';
    // In HTTP/1 the target of a CONNECT is its authority, which the route may have rewritten.
    if (this.#connects) head.path = head.authority;
    if (tunnel === 'upgrade') {
      this.#upgradeToken = (head.get('upgrade') ?? '').toLowerCase();
      head.setLine(connectionUpgrade);
    }
    const output = this.#context.output;
    const at = output.claim(this.#writer, requestHeadBytesMax(head));
    output.commit(writeRequestHead(head, output.memory, at));
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (start === end || this.#state === 'closed') return true;
    if (this.#state === 'tunnel' || !this.#requestChunked) this.#writer.write(memory, start, end, mayBorrow);
    else writeChunk(this.#writer, memory, start, end, mayBorrow);
    return !this.#writer.isBlocked;
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#requestDone = true;
    this.#owesBody = false;
    if (!this.#requestChunked || this.#state === 'closed') return;
    writeEndOfChunks(this.#writer, trailers);
  }

  endTunnel(): void {
    this.#writer.end();
  }

  completeTunnel(): void {
    this.#events = undefined;
    this.deadline = this.#context.turn.now() + tunnelFlushMaxMs;
  }

  pauseResponse(): void {
    this.#connection.pause();
  }

  resumeResponse(): void {
    this.#connection.resume();
  }

  abort(): void {
    this.wasAborted = true;
    this.#events = undefined;
    this.#context.output.discard(this.#writer);
    this.#giveUp();
  }

  // — the connection —

  onOpen(): void {
    this.#owner.onConnected(this);
  }

  onData(memory: Buffer, length: number): void {
    this.#owner.bytesReceived.add(length);
    this.#consume(memory, length);
  }

  onDrain(): void {
    if (!this.#writer.drained()) return;
    this.#events?.onUpstreamDrain();
  }

  onEnd(): void {
    if (this.#state === 'tunnel') this.#events?.onUpstreamTunnelEnd();
    else if (this.#state === 'body' && this.#body.mayEndHere) this.#completeResponse(false);
    else this.#lose('upstream-closed', 'closed by the upstream');
  }

  onClose(error: MeshError | undefined): void {
    const state = this.#state;
    this.#context.output.discard(this.#writer);
    if (state === 'connecting') {
      this.#state = 'closed';
      this.#owner.onConnectFailed(this, error);
    } else {
      this.#lose('upstream-reset', error?.message ?? 'closed by the upstream');
      this.#state = 'closed';
      this.#owner.onClosed(this);
    }
  }

  onCrash(error: unknown): void {
    const events = this.#events;
    this.#events = undefined;
    this.#giveUp();
    if (events) events.onUpstreamCrash(error);
    else this.#context.logger.error('upstream connection crashed', { error });
  }

  /** Due while idle, and when a tunnel that is over does not get rid of its last bytes. */
  onDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#state === 'idle') this.#leave('idle-timeout');
    else this.#giveUp();
  }

  #consume(memory: Buffer, length: number): void {
    if (this.#state === 'idle') return this.#leave('unasked-bytes');
    const mayBorrow = this.#isDedicated;
    let at = 0;
    for (;;) {
      switch (this.#state) {
        case 'head': {
          if (at === length) return;
          this.#responseBegun = true;
          const headEnd = this.#reader.read(memory, at, length);
          if (headEnd === incomplete) return;
          if (headEnd === refused) return this.#fail('upstream-protocol-error', `response head: ${this.#reader.fault}`);
          at = headEnd;
          if (!this.#onHead(this.#reader.head)) return;
          break;
        }
        case 'body':
          switch (this.#body.next(memory, at, length)) {
            case 'data':
              this.#countBody(this.#body.dataEnd - this.#body.dataStart);
              at = this.#body.position;
              this.#events?.onResponseData(memory, this.#body.dataStart, this.#body.dataEnd, mayBorrow);
              break;
            case 'more':
              return;
            case 'end':
              return this.#completeResponse(this.#body.position === length);
            case 'refused':
              return this.#fail('upstream-protocol-error', `response body: ${this.#body.fault}`);
          }
          break;
        case 'tunnel':
          if (at < length) this.#events?.onResponseData(memory, at, length, mayBorrow);
          return;
        default:
          return;
      }
    }
  }

  /** False when this was the end of it. */
  #onHead(head: ResponseHead): boolean {
    if (head.status === 101) return this.#onSwitch(head);
    if (head.status < 200) {
      this.#informationals += 1;
      if (this.#informationals > informationalMax) {
        this.#fail('upstream-protocol-error', 'too many interim responses');
        return false;
      }
      this.#events?.onInformational(head);
      this.#reader.restart();
      return true;
    }
    if (this.#connects && head.status < 300) return this.#onConnected(head);
    // Hosts say it in each response, and it is the same in all.
    if (this.requestsServed === 1 && (head.known & Known.keepAlive) !== 0) this.#owner.onKeepAlive(head.get('keep-alive') ?? '');
    this.#state = 'body';
    this.#body.start(head.framing, head.contentLength);
    if (head.framing === 'length' && head.contentLength > largeBodyBytes) this.#dedicate(true);
    this.#events?.onResponseHead(head);
    return true;
  }

  /**
   * A switch that nobody asked for, or to something else, is an attack or a mistake (RFC 9110 15.2.2); so is one in the
   * middle of a request, whose rest would be taken for the new protocol (RFC 9110 7.8).
   */
  #onSwitch(head: ResponseHead): boolean {
    const token = (head.get('upgrade') ?? '').toLowerCase();
    if (this.#owesBody || this.#upgradeToken === '' || token !== this.#upgradeToken || (head.known & (Known.transferEncoding | Known.contentLength)) !== 0) {
      this.#fail('upgrade-refused-token', `101 to ${JSON.stringify(token)}`);
      return false;
    }
    this.#state = 'tunnel';
    this.#requestChunked = false;
    this.#events?.onTunnelHead(head);
    return true;
  }

  /** What follows the head is the tunnel's, whatever the head says about a length (RFC 9110 9.3.6). */
  #onConnected(head: ResponseHead): boolean {
    this.#state = 'tunnel';
    head.framing = 'none';
    head.removeKnown(hopByHopOfTunnel);
    this.#events?.onTunnelHead(head);
    return true;
  }

  /** The host is not spoken to at all: it is connected, which is what was asked for. */
  #beginBytes(): void {
    this.#state = 'tunnel';
    this.#requestChunked = false;
    this.#events?.onTunnelHead(ResponseHead.of(200));
  }

  #countBody(bytes: number): void {
    this.#bodyBytes += bytes;
    if (!this.#isDedicated && this.#bodyBytes > largeBodyBytes) this.#dedicate(true);
  }

  #dedicate(dedicated: boolean): void {
    if (this.#isDedicated === dedicated) return;
    this.#isDedicated = dedicated;
    this.#connection.dedicateReadMemory(dedicated);
  }

  /** @param nothingLeft no byte came after the response */
  #completeResponse(nothingLeft: boolean): void {
    const events = this.#events;
    const mayServeAgain = this.#mayServeAgain(nothingLeft);
    const trailers = this.#reader.head.framing === 'chunked' ? this.#body.trailers : undefined;
    // No failure from here on can concern this exchange.
    this.#events = undefined;
    events?.onResponseEnd(trailers);
    if (this.#state !== 'body') return;
    this.#dedicate(false);
    // A slow client may have held the response up to its last byte. What is left goes to it without this connection,
    // which must hear of the next response, and of its own end while it rests.
    this.#connection.resume();
    if (mayServeAgain) this.#owner.onIdle(this);
    else this.#giveUp();
  }

  #mayServeAgain(nothingLeft: boolean): boolean {
    const max = this.#owner.requestsPerConnectionMax;
    return nothingLeft && this.#requestDone && this.#reader.head.keepsAlive && !this.#writer.isBlocked && (max === 0 || this.requestsServed < max);
  }

  /** The exchange cannot go on, because of what the upstream sent. */
  #fail(code: 'upstream-protocol-error' | 'upgrade-refused-token', reason: string): void {
    const events = this.#events;
    this.#events = undefined;
    this.#giveUp();
    events?.onUpstreamFailure(code, reason);
  }

  /** The upstream has closed. */
  #lose(code: 'upstream-closed' | 'upstream-reset', reason: string): void {
    if (this.#state !== 'closing' && this.#state !== 'closed') this.wasClosedByHost = true;
    if (this.#state === 'idle') {
      this.#owner.onClosedAtRest(this.#context.turn.now() - this.#restingSince);
      return this.#leave('closed');
    }
    const events = this.#events;
    this.#events = undefined;
    // Once a byte of the answer has come it was no keep-alive race.
    const finalCode = this.#responseBegun && this.#state === 'head' ? 'upstream-protocol-error' : code;
    if (this.isReused && this.#state === 'head' && !this.#responseBegun) this.#owner.onClosedAtRest(this.#context.turn.now() - this.#restingSince);
    this.#giveUp();
    events?.onUpstreamFailure(finalCode, reason);
  }

  #leave(why: 'closed' | 'idle-timeout' | 'unasked-bytes'): void {
    this.#owner.onLost(this, why);
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.deadline = Number.POSITIVE_INFINITY;
    this.#connection.destroy();
  }
}
