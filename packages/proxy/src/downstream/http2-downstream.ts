/**
 * One client's HTTP/2 connection: its streams, and what holds for all of them.
 *
 *     open → closing → closed
 *
 * `closing`: the client has been told which stream is the last, and the connection ends with that.
 */
import type { Buffer } from 'node:buffer';
import type { Address, Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import { defaultHttp2Options, type Http2Options } from '../http2-options.ts';
import { Http2ReadGate } from '../http2-read-gate.ts';
import { ConnectionDuplex } from '../network/connection-duplex.ts';
import { errorCode, openServerSession, type ServerHttp2Session, type ServerHttp2Stream } from '../network/node-http2.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { DownstreamConnection, DownstreamOwner } from './downstream-connection.ts';
import { Http2DownstreamStream, type Http2StreamOwner } from './http2-downstream-stream.ts';
import { ResetBudget } from './reset-budget.ts';

type State = 'open' | 'closing' | 'closed';

/** How long a client may take to acknowledge our SETTINGS, in ms. Chosen: as long as a head should take at most. */
const settingsTimeoutMs = 10_000;

/** Envoy's `delayed_close_timeout`, also where it is turned off. */
const defaultLingerMs = 1_000;

const never = Number.POSITIVE_INFINITY;

export class Http2Downstream implements DownstreamConnection, Http2StreamOwner {
  deadline = never;
  sweepIndex = -1;
  readonly id: number;
  readonly acceptedBy: DownstreamStatistics;
  readonly remote: Address;
  readonly local: Address;
  readonly connectionInfo: ConnectionInfo | undefined;
  readonly engine: Engine;
  readonly #owner: DownstreamOwner;
  readonly #options: Http2Options;
  readonly #duplex: ConnectionDuplex;
  readonly #gate: Http2ReadGate;
  readonly #session: ServerHttp2Session;
  readonly #streams = new Set<Http2DownstreamStream>();
  readonly #budget = new ResetBudget();
  /** Serves the next stream. */
  #manager: ConnectionManager;
  #state: State = 'open';
  #streamsBegun = 0;
  #idleSince: number;
  #settingsDeadline: number;
  #lingerDeadline = never;
  #nextPingAt = never;
  #pingDeadline = never;

  constructor(owner: DownstreamOwner, manager: ConnectionManager, engine: Engine, connection: Connection, id: number, firstBytes?: Buffer, info?: ConnectionInfo) {
    this.#owner = owner;
    this.#manager = manager;
    this.engine = engine;
    this.id = id;
    this.acceptedBy = manager.statistics;
    this.connectionInfo = info;
    this.remote = (info ?? connection).remote;
    this.local = (info ?? connection).local;
    this.#options = manager.config.http2 ?? defaultHttp2Options;
    const now = engine.turn.now();
    this.#idleSince = now;
    this.#settingsDeadline = now + settingsTimeoutMs;
    const { intervalMs = 0 } = this.#options.keepalive ?? {};
    if (intervalMs > 0) this.#nextPingAt = now + intervalMs;
    this.#duplex = new ConnectionDuplex(connection, firstBytes);
    this.#gate = new Http2ReadGate(this.#duplex, this.#streams, this.#options.connectionWindowBytes);
    const { headBytesMax, fieldsMax } = manager.headLimits;
    this.#session = openServerSession(this.#duplex, { ...this.#options, headBytesMax, fieldsMax });
    this.#listen();
    this.#schedule();
  }

  /**
   * One GOAWAY, which names the last stream that is served: nghttp2 takes none after it, so the client may ask for those
   * again elsewhere. (Envoy announces it one round trip ahead; Node cannot.)
   */
  retire(): void {
    this.#close();
    this.#schedule();
  }

  cut(code: OutcomeCode): void {
    for (const stream of this.#streams) stream.cut(code);
    this.#session.destroy();
    this.#duplex.destroy();
  }

  onDeadline(now: number): void {
    if (now >= this.#settingsDeadline) return this.#end(errorCode.settingsTimeout);
    if (now >= this.#pingDeadline) return this.cut('downstream-closed');
    if (now >= this.#lingerDeadline) return void this.#duplex.destroy();
    if (now >= this.#nextPingAt) this.#keepAlive(now);
    if (now >= this.#idleDeadline) {
      this.#manager.statistics.idleTimeouts.add();
      this.#close();
    }
    this.#schedule();
  }

  onCrash(error: unknown): void {
    this.engine.logger.error('connection crashed', { error });
    for (const stream of this.#streams) stream.onCrash(error);
    this.#session.destroy();
  }

  // — for its streams —

  onEarlyEnd(): void {
    this.#budget.onEarlyEnd();
    if (this.#budget.isSpent) this.#end(errorCode.enhanceYourCalm);
  }

  onStreamClosed(stream: Http2DownstreamStream): void {
    this.#streams.delete(stream);
    this.engine.sweep.remove(stream);
    if (this.#streams.size > 0) return;
    this.#idleSince = this.engine.turn.now();
    this.#gate.weigh();
    this.#linger();
    this.#schedule();
  }

  onUnheld(): void {
    this.#gate.weigh();
  }

  // — the session —

  /** Runs what Node calls within a turn, so that mistakes end this connection alone. */
  #inTurn(work: () => void): void {
    const { turn } = this.engine;
    turn.enter();
    try {
      work();
    } catch (error) {
      this.onCrash(error);
    } finally {
      turn.leave();
    }
  }

  #listen(): void {
    const session = this.#session;
    session.on('stream', (stream, _headers, flags, fields) => this.#inTurn(() => this.#onStream(stream, flags, fields)));
    session.on('localSettings', () => {
      this.#settingsDeadline = never;
      this.#schedule();
    });
    session.on('error', (error) => this.#onError(error));
    session.on('close', () => this.#inTurn(() => this.#onClose()));
  }

  #onStream(stream: ServerHttp2Stream, flags: number, fields: readonly string[]): void {
    const { engine } = this;
    this.#manager = this.#owner.manager ?? this.#manager;
    this.#streamsBegun += 1;
    this.#budget.onStream();
    const exchange = new Http2DownstreamStream(this, this.#manager, stream);
    this.#streams.add(exchange);
    engine.sweep.add(exchange);
    exchange.start(fields, flags);
    const { requestsPerConnectionMax } = this.#manager.config;
    if (this.#isAskedToLeave() || (requestsPerConnectionMax > 0 && this.#streamsBegun >= requestsPerConnectionMax)) this.retire();
  }

  #isAskedToLeave(): boolean {
    const { drain, turn } = this.engine;
    if (!drain.isUnderWay || this.#state !== 'open' || !drain.asksToLeave(turn.now())) return false;
    this.acceptedBy.drainCloses.add();
    return true;
  }

  #onError(error: Error): void {
    this.acceptedBy.countEnd(outcomes['malformed-request']);
    this.engine.logger.debug('http2 connection failed', { connection: this.id, error: error.message });
  }

  #onClose(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#duplex.destroy();
    for (const stream of this.#streams) stream.onConnectionClosed();
    this.#streams.clear();
    this.#owner.onClosed(this);
  }

  /** The last stream is decided; the connection ends with it. */
  #close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    this.#session.close();
    this.#linger();
  }

  /** All has been said; the client has this long to end its side, too. */
  #linger(): void {
    if (this.#state !== 'closing' || this.#streams.size > 0) return;
    this.#lingerDeadline = this.engine.turn.now() + (this.#manager.config.delayedCloseTimeoutMs || defaultLingerMs);
  }

  /** Ends it because the client has misbehaved. */
  #end(code: number): void {
    if (this.#state === 'closed') return;
    this.acceptedBy.countEnd(outcomes['malformed-request']);
    // Says GOAWAY with this code and closes; streams under way hear of it by their own ends.
    this.#session.destroy(undefined, code);
  }

  #keepAlive(now: number): void {
    const { intervalMs = 0, timeoutMs = 0 } = this.#options.keepalive ?? {};
    this.#nextPingAt = now + intervalMs;
    if (this.#pingDeadline !== never) return;
    if (!this.#ping(() => (this.#pingDeadline = never))) return;
    this.#pingDeadline = now + timeoutMs;
  }

  #ping(answered: () => void): boolean {
    if (this.#session.destroyed) return false;
    return this.#session.ping((error) => {
      if (!error) this.#inTurn(answered);
    });
  }

  // — time —

  get #idleDeadline(): number {
    const { idleTimeoutMs } = this.#manager.config;
    return this.#streams.size > 0 || idleTimeoutMs === 0 || this.#state !== 'open' ? never : this.#idleSince + idleTimeoutMs;
  }

  #schedule(): void {
    this.deadline = Math.min(this.#settingsDeadline, this.#lingerDeadline, this.#nextPingAt, this.#pingDeadline, this.#idleDeadline);
  }
}
