/**
 * One HTTP/2 connection to a host, carrying many exchanges at once.
 *
 *     connecting → open → leaving → closed
 *
 * `leaving`: the host has said GOAWAY, or we want no more of it; what is under way is finished.
 */
import type { Address, Connection, MeshError } from '@sluice/kernel';
import { Http2ReadGate } from '../http2-read-gate.ts';
import type { Http2Options } from '../http2-options.ts';
import { ConnectionDuplex } from '../network/connection-duplex.ts';
import { openClientSession, type ClientHttp2Session, type ClientHttp2Stream } from '../network/node-http2.ts';
import type { Sweepable } from '../sweep.ts';
import { HandlerInTurn, type TurnHandler } from '../turn.ts';
import { Http2UpstreamStream, type Http2ExchangeOwner } from './http2-upstream-stream.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** The pool, as its connections see it. */
export interface Http2UpstreamOwner {
  onConnected(connection: Http2Upstream): void;
  /** It never came about. */
  onConnectFailed(connection: Http2Upstream, error: MeshError | undefined): void;
  /** There may be room for more, or for none any more. */
  onChanged(connection: Http2Upstream): void;
  onIdleTimeout(): void;
  onClosed(connection: Http2Upstream): void;
  /** Requests it may serve; 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** An unused connection is closed after this long; 0 never. */
  readonly idleTimeoutMs: number;
}

type State = 'connecting' | 'open' | 'leaving' | 'closed';

/** What a host may be asked at once before it has said what it allows. Chosen: RFC 9113 6.5.2 recommends that no host allows less. */
const concurrentStreamsAtFirst = 100;

/** Identifiers of streams run out at 2^30 of them; before that another connection goes on. */
const streamsMax = 2 ** 30 - 1;

/** Heads of responses: 60 KiB and 100 fields, as Envoy's limits towards HTTP/2 upstreams. */
const responseLimits = { headBytesMax: 60 * 1024, fieldsMax: 100 };

const never = Number.POSITIVE_INFINITY;

export class Http2Upstream implements TurnHandler, Sweepable, Http2ExchangeOwner {
  deadline = never;
  sweepIndex = -1;
  /** When connecting began. */
  readonly startedAt: number;
  readonly context: UpstreamContext;
  requestsServed = 0;
  readonly #owner: Http2UpstreamOwner;
  readonly #options: Http2Options;
  readonly #connection: Connection;
  readonly #streams = new Set<Http2UpstreamStream>();
  #session: ClientHttp2Session | undefined;
  #duplex: ConnectionDuplex | undefined;
  #gate: Http2ReadGate | undefined;
  #state: State = 'connecting';
  #concurrentStreamsMax: number;
  #idleDeadline = never;
  #nextPingAt = never;
  #pingDeadline = never;

  constructor(owner: Http2UpstreamOwner, context: UpstreamContext, address: Address, connectTimeoutMs: number, options: Http2Options) {
    this.#owner = owner;
    this.context = context;
    this.#options = options;
    this.#concurrentStreamsMax = Math.min(options.concurrentStreamsMax, concurrentStreamsAtFirst);
    this.startedAt = context.turn.now();
    this.#connection = context.network.connect(address, new HandlerInTurn(context.turn, this), { timeoutMs: connectTimeoutMs });
  }

  get localAddress(): Address {
    return this.#connection.local;
  }

  /** Exchanges under way. */
  get streams(): number {
    return this.#streams.size;
  }

  get hasRoom(): boolean {
    return this.#state === 'open' && this.#streams.size < this.#concurrentStreamsMax && !this.isGone;
  }

  get isGone(): boolean {
    return this.#state === 'closed' || this.#session === undefined || this.#session.destroyed || (this.#duplex?.destroyed ?? true);
  }

  /** A place for one exchange. Only when there is room. */
  openStream(): Http2UpstreamStream {
    this.requestsServed += 1;
    const stream = new Http2UpstreamStream(this, this.requestsServed > 1);
    this.#streams.add(stream);
    this.#idleDeadline = never;
    this.#schedule();
    const max = this.#owner.requestsPerConnectionMax;
    if (this.requestsServed >= (max === 0 ? streamsMax : max)) this.#state = 'leaving';
    return stream;
  }

  /** No more exchanges; closes with the last one. */
  leave(): void {
    if (this.#state === 'connecting') return this.#connection.destroy();
    if (this.#state !== 'closed') this.#state = 'leaving';
    this.#closeIfDone();
  }

  // — for its streams —

  request(fields: readonly string[], options: { readonly endStream: boolean; readonly waitForTrailers: boolean }): ClientHttp2Stream {
    if (!this.#session) throw new TypeError('no request goes out before the connection is there');
    return this.#session.request(fields, options);
  }

  onStreamClosed(stream: Http2UpstreamStream): void {
    if (!this.#streams.delete(stream) || this.#state === 'closed') return;
    this.#gate?.weigh();
    this.#rest();
    this.#closeIfDone();
    this.#owner.onChanged(this);
  }

  onUnheld(): void {
    this.#gate?.weigh();
  }

  // — connecting —

  onOpen(): void {
    const duplex = new ConnectionDuplex(this.#connection);
    this.#duplex = duplex;
    this.#gate = new Http2ReadGate(duplex, this.#streams, this.#options.connectionWindowBytes);
    this.#session = openClientSession(duplex, { ...this.#options, ...responseLimits });
    this.#listen(this.#session);
    this.#state = 'open';
    const { intervalMs = 0 } = this.#options.keepalive ?? {};
    if (intervalMs > 0) this.#nextPingAt = this.context.turn.now() + intervalMs;
    this.#rest();
    this.#owner.onConnected(this);
  }

  onData(): void {}

  onDrain(): void {}

  onEnd(): void {
    this.#connection.destroy();
  }

  /** Only before it was open; afterwards the session tells. */
  onClose(error?: MeshError): void {
    this.#state = 'closed';
    this.#owner.onConnectFailed(this, error);
  }

  // — the session —

  #listen(session: ClientHttp2Session): void {
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#inTurn(() => {
        this.#concurrentStreamsMax = Math.min(this.#options.concurrentStreamsMax, maxConcurrentStreams ?? never);
        this.#owner.onChanged(this);
      });
    });
    session.on('goaway', () => this.#inTurn(() => {
      if (this.#state === 'open') this.#state = 'leaving';
      this.#owner.onChanged(this);
    }));
    session.on('error', (error) => this.context.logger.debug('http2 upstream connection failed', { error: (error as Error).message }));
    session.on('close', () => this.#inTurn(() => this.#onSessionClosed()));
  }

  #onSessionClosed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#duplex?.destroy();
    for (const stream of this.#streams) stream.onConnectionClosed();
    this.#streams.clear();
    this.#owner.onClosed(this);
  }

  #closeIfDone(): void {
    // Nothing is on its way any more, so nobody is waited for.
    if (this.#state === 'leaving' && this.#streams.size === 0) this.#session?.destroy();
  }

  /** From the end of its last exchange on it may be closed when nobody comes. */
  #rest(): void {
    const { idleTimeoutMs } = this.#owner;
    this.#idleDeadline = this.#streams.size === 0 && idleTimeoutMs > 0 ? this.context.turn.now() + idleTimeoutMs : never;
    this.#schedule();
  }

  // — time —

  onDeadline(now: number): void {
    if (now >= this.#pingDeadline) {
      this.#session?.destroy();
    } else if (now >= this.#idleDeadline) {
      this.#owner.onIdleTimeout();
      this.leave();
      this.#owner.onChanged(this);
      this.#idleDeadline = never;
    } else if (now >= this.#nextPingAt) {
      this.#ping(now);
    }
    if (this.isGone) this.#pingDeadline = this.#nextPingAt = never;
    this.#schedule();
  }

  onCrash(error: unknown): void {
    this.context.logger.error('upstream connection crashed', { error });
    this.#connection.destroy();
  }

  #ping(now: number): void {
    const { intervalMs = 0, timeoutMs = 0 } = this.#options.keepalive ?? {};
    this.#nextPingAt = now + intervalMs;
    if (this.#pingDeadline !== never || this.isGone) return;
    const sent = this.#session?.ping((error) => {
      if (!error) this.#pingDeadline = never;
    });
    if (sent) this.#pingDeadline = now + timeoutMs;
  }

  #schedule(): void {
    this.deadline = Math.min(this.#idleDeadline, this.#nextPingAt, this.#pingDeadline);
  }

  #inTurn(work: () => void): void {
    const { turn } = this.context;
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
