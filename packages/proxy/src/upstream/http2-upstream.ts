/**
 * One HTTP/2 connection to a host, carrying many exchanges at once: the machine of `http` on a `Connection`.
 *
 *     connecting → open → leaving → closed
 *
 * `leaving`: the host has said GOAWAY, or we want no more of it; what is under way is finished.
 */
import type { Buffer } from 'node:buffer';
import { ErrorCode, Http2Connection, type HeadLimits, type Http2ConnectionEvents, type Http2Stream } from '@sluice/http';
import type { Address, Connection, Counter, MeshError } from '@sluice/kernel';
import { Http2Keeper } from '../http2-keeper.ts';
import { http2LimitsOf } from '../http2-limits.ts';
import type { Http2Options } from '../http2-options.ts';
import { Http2Output } from '../http2-output.ts';
import type { Http2Statistics } from '../http2-statistics.ts';
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
  readonly http2Statistics: Http2Statistics;
  /** Of all connections of the cluster, in bytes. */
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  /** What heads of responses may be. */
  readonly responseLimits: HeadLimits;
  /** Requests it may serve; 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** An unused connection is closed after this long; 0 never. */
  readonly idleTimeoutMs: number;
}

type State = 'connecting' | 'open' | 'leaving' | 'closed';

/** What a host may be asked at once before it has said what it allows. Chosen: RFC 9113 6.5.2 recommends that no host allows less. */
const concurrentStreamsAtFirst = 100;

/** How long a host may take to acknowledge our SETTINGS, in ms; the same as clients have. */
const settingsTimeoutMs = 10_000;

const never = Number.POSITIVE_INFINITY;

export class Http2Upstream implements TurnHandler, Sweepable, Http2ConnectionEvents, Http2ExchangeOwner {
  deadline = never;
  sweepIndex = -1;
  /** When connecting began. */
  readonly startedAt: number;
  readonly context: UpstreamContext;
  requestsServed = 0;
  /** As long as we have not closed it ourselves. */
  wasClosedByHost = true;
  /** We have closed it with a request under way. */
  wasAborted = false;
  readonly #owner: Http2UpstreamOwner;
  readonly #options: Http2Options;
  readonly #connection: Connection;
  readonly #streams = new Set<Http2UpstreamStream>();
  readonly #output: Http2Output;
  readonly #machine: Http2Connection;
  #keeper: Http2Keeper | undefined;
  #state: State = 'connecting';
  #concurrentStreamsMax: number;
  #idleDeadline = never;
  #settingsDeadline = never;
  #idleSince = 0;

  constructor(owner: Http2UpstreamOwner, context: UpstreamContext, address: Address, connectTimeoutMs: number, options: Http2Options) {
    this.#owner = owner;
    this.context = context;
    this.#options = options;
    this.#concurrentStreamsMax = Math.min(options.concurrentStreamsMax, concurrentStreamsAtFirst);
    this.startedAt = context.turn.now();
    this.#connection = context.network.connect(address, new HandlerInTurn(context.turn, this), { timeoutMs: connectTimeoutMs });
    this.#output = new Http2Output(this.#connection, context.output, context.turn, owner.bytesSent);
    this.#machine = new Http2Connection('client', http2LimitsOf(options, owner.responseLimits), this.#output, this, owner.http2Statistics);
  }

  get localAddress(): Address {
    return this.#connection.local;
  }

  /** Exchanges under way. */
  get streams(): number {
    return this.#streams.size;
  }

  get hasRoom(): boolean {
    return this.#state === 'open' && !this.#machine.isBroken && this.#streams.size < this.#concurrentStreamsMax && this.#machine.streams.size < this.#concurrentStreamsMax;
  }

  /** A place for one exchange. Only when there is room. */
  openStream(): Http2UpstreamStream {
    this.requestsServed += 1;
    const stream = new Http2UpstreamStream(this, this.requestsServed > 1);
    if (this.#streams.size === 0) this.#wake();
    this.#streams.add(stream);
    this.#owner.http2Statistics.streamsActive += 1;
    const max = this.#owner.requestsPerConnectionMax;
    if ((max > 0 && this.requestsServed >= max) || !this.#machine.hasIdentifiers) this.#state = 'leaving';
    return stream;
  }

  /** It was unused: a host that has been silent for long is asked whether it is there. */
  #wake(): void {
    this.#idleDeadline = never;
    const { idleIntervalMs = 0 } = this.#options.keepalive ?? {};
    const now = this.context.turn.now();
    if (idleIntervalMs > 0 && this.#idleSince > 0 && now - this.#idleSince >= idleIntervalMs) this.#keeper?.ask(now);
    this.#schedule();
  }

  /** No more exchanges; closes with the last one. */
  leave(): void {
    if (this.#state === 'connecting') return this.#destroy();
    if (this.#state !== 'closed') this.#state = 'leaving';
    return this.#closeIfDone();
  }

  // — for its streams —

  /** Undefined when the connection has ended between being picked and being used. */
  openHttp2Stream(): Http2Stream | undefined {
    return this.#state === 'closed' || this.#machine.isBroken ? undefined : this.#machine.openStream();
  }

  get allowsTunnels(): boolean {
    const { peer } = this.#machine;
    // A host that has not spoken yet gets the benefit of the doubt, as from Envoy.
    return this.#options.allowsConnect && (peer.allowsConnectProtocol || !peer.hasSpoken);
  }

  onStreamClosed(stream: Http2UpstreamStream): void {
    if (!this.#streams.delete(stream)) return;
    this.#owner.http2Statistics.streamsActive -= 1;
    if (this.#state === 'closed') return;
    if (this.#streams.size === 0) this.#rest();
    this.#closeIfDone();
    this.#owner.onChanged(this);
  }

  // — the connection —

  onOpen(): void {
    this.#state = 'open';
    const now = this.context.turn.now();
    this.#machine.begin();
    this.#keeper = new Http2Keeper(this.#machine, this.#options.keepalive, this.context.random, now);
    this.#settingsDeadline = now + settingsTimeoutMs;
    this.#rest();
    this.#owner.onConnected(this);
  }

  onData(memory: Buffer, length: number): void {
    this.#owner.bytesReceived.add(length);
    if (this.#state !== 'closed') this.#machine.read(memory, 0, length);
  }

  onDrain(): void {
    if (this.#output.drained()) this.#machine.drained();
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onClose(error?: MeshError): void {
    const state = this.#state;
    this.#state = 'closed';
    this.#output.discard();
    if (state === 'connecting') return this.#owner.onConnectFailed(this, error);
    this.#machine.closeStreams(ErrorCode.cancel, error?.message ?? 'closed by the upstream');
    return this.#owner.onClosed(this);
  }

  onCrash(error: unknown): void {
    this.context.logger.error('upstream connection crashed', { error });
    this.#destroy();
  }

  // — the machine —

  onRequest(): void {
    throw new TypeError('a request from a host');
  }

  onPeerSettings(): void {
    this.#concurrentStreamsMax = Math.min(this.#options.concurrentStreamsMax, this.#machine.peer.concurrentStreamsMax);
    this.#owner.onChanged(this);
  }

  onSettingsAcknowledged(): void {
    this.#settingsDeadline = never;
    this.#schedule();
  }

  onPingAcknowledged(): void {
    this.#keeper?.onAnswer();
    this.#schedule();
  }

  onGoaway(_lastStream: number, code: number): void {
    this.context.logger.debug('http2 upstream opens no more streams', { code });
    if (this.#state === 'open') this.#state = 'leaving';
    this.#closeIfDone();
    this.#owner.onChanged(this);
  }

  onBroken(code: number, reason: string): void {
    this.context.logger.debug('http2 upstream connection failed', { code, reason });
    this.#owner.http2Statistics.goawaysSent.add();
    if (this.#state === 'open') this.#state = 'leaving';
    this.wasAborted = this.#streams.size > 0;
    this.#machine.closeStreams(code, reason);
    this.#output.flush();
    this.#destroy();
  }

  /** Our doing, and not the host's. */
  #destroy(): void {
    this.wasClosedByHost = false;
    this.wasAborted ||= this.#streams.size > 0;
    this.#connection.destroy();
  }

  #closeIfDone(): void {
    // Nothing is on its way any more, so nobody is waited for.
    if (this.#state !== 'leaving' || this.#streams.size > 0 || this.#machine.streams.size > 0) return;
    this.#output.flush();
    this.#destroy();
  }

  /** From the end of its last exchange on it may be closed when nobody comes. */
  #rest(): void {
    const { idleTimeoutMs } = this.#owner;
    this.#idleSince = this.context.turn.now();
    this.#idleDeadline = idleTimeoutMs > 0 ? this.#idleSince + idleTimeoutMs : never;
    this.#schedule();
  }

  // — time —

  onDeadline(now: number): void {
    if (now >= this.#settingsDeadline) {
      this.#machine.fail(ErrorCode.settingsTimeout, 'SETTINGS are not acknowledged');
      this.#settingsDeadline = never;
    } else if (now >= this.#idleDeadline) {
      this.#owner.onIdleTimeout();
      this.leave();
      this.#owner.onChanged(this);
      this.#idleDeadline = never;
    } else if (this.#keeper && !this.#keeper.keep(now)) {
      this.#owner.http2Statistics.keepaliveTimeouts.add();
      this.#keeper.stop();
      this.#destroy();
    }
    this.#schedule();
  }

  #schedule(): void {
    this.deadline = this.#state === 'closed' ? never : Math.min(this.#idleDeadline, this.#settingsDeadline, this.#keeper?.deadline ?? never);
  }
}
