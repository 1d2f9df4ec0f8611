/**
 * One client's HTTP/2 connection: the machine of `http` on a `Connection`, with the time that the machine does not know.
 *
 *     open → leaving → closing → closed
 *
 * `leaving`: the client has been asked to open no more streams, and those on their way are still served. `closing`: the last
 * stream is decided, or the client has broken a rule, and the connection ends when all has been said.
 */
import type { Buffer } from 'node:buffer';
import { ErrorCode, Http2Connection, type HeadVerdict, type Http2ConnectionEvents, type Http2Stream, type RequestHead } from '@sluice/http';
import type { Address, Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import { Http2Keeper } from '../http2-keeper.ts';
import { http2LimitsOf } from '../http2-limits.ts';
import { defaultHttp2Options, type Http2Options } from '../http2-options.ts';
import { Http2Output } from '../http2-output.ts';
import type { Http2Statistics } from '../http2-statistics.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import { HandlerInTurn, type TurnHandler } from '../turn.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { DownstreamConnection, DownstreamOwner } from './downstream-connection.ts';
import { Http2DownstreamStream, type Http2StreamOwner } from './http2-downstream-stream.ts';
import { ResetBudget } from './reset-budget.ts';

type State = 'open' | 'leaving' | 'closing' | 'closed';

/** How long a client may take to acknowledge our SETTINGS, in ms. Chosen: as long as a head should take at most. */
const settingsTimeoutMs = 10_000;

/** Envoy's `delayed_close_timeout`, also where it is turned off. */
const defaultLingerMs = 1_000;

const never = Number.POSITIVE_INFINITY;

export class Http2Downstream implements DownstreamConnection, TurnHandler, Http2ConnectionEvents, Http2StreamOwner {
  deadline = never;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly id: number;
  readonly acceptedBy: DownstreamStatistics;
  readonly remote: Address;
  readonly local: Address;
  readonly connectionInfo: ConnectionInfo | undefined;
  readonly engine: Engine;
  readonly statistics: Http2Statistics;
  readonly #owner: DownstreamOwner;
  readonly #options: Http2Options;
  readonly #connection: Connection;
  readonly #output: Http2Output;
  readonly #machine: Http2Connection;
  readonly #keeper: Http2Keeper;
  readonly #streams = new Set<Http2DownstreamStream>();
  readonly #budget = new ResetBudget();
  /** Serves the next stream. */
  #manager: ConnectionManager;
  #state: State = 'open';
  #streamsBegun = 0;
  #idleSince: number;
  readonly #openedAt: number;
  /** The connection's end is our doing. */
  #endsHere = false;
  /** When the client is asked to leave, whatever it does (`max_connection_duration`). */
  #staysUntil: number;
  #settingsDeadline: number;
  #drainDeadline = never;
  /** The PING whose answer shows that the client has been heard of the end. */
  #drainPing = never;
  #lingerDeadline = never;

  constructor(owner: DownstreamOwner, manager: ConnectionManager, engine: Engine, connection: Connection, id: number, firstBytes?: Buffer, info?: ConnectionInfo) {
    this.#owner = owner;
    this.#manager = manager;
    this.engine = engine;
    this.id = id;
    this.acceptedBy = manager.statistics;
    this.statistics = engine.statistics.http2;
    this.connectionInfo = info;
    this.remote = (info ?? connection).remote;
    this.local = (info ?? connection).local;
    this.#options = manager.config.http2 ?? defaultHttp2Options;
    const now = engine.turn.now();
    this.#idleSince = now;
    this.#openedAt = now;
    this.acceptedBy.connections.http2.opened();
    const { connectionDurationMaxMs = 0 } = manager.config;
    this.#staysUntil = connectionDurationMaxMs > 0 ? now + connectionDurationMaxMs : never;
    this.#settingsDeadline = now + settingsTimeoutMs;
    this.#connection = connection;
    this.#output = new Http2Output(connection, engine.output, engine.turn, this.acceptedBy.bytesSent);
    this.#machine = new Http2Connection('server', http2LimitsOf(this.#options, manager.headLimits), this.#output, this, this.statistics);
    this.#keeper = new Http2Keeper(this.#machine, this.#options.keepalive, engine.random, now);
    const handler = new HandlerInTurn(engine.turn, this);
    connection.handler = handler;
    this.#machine.begin();
    this.#schedule();
    if (firstBytes) handler.onData(firstBytes, firstBytes.length);
  }

  /**
   * Asks the client to open no more streams, and decides which is the last when it must have heard: with its answer to a
   * PING behind the notice, or after the drain timeout (RFC 9113 6.8).
   */
  retire(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.statistics.goawaysSent.add();
    this.#machine.announceEnd();
    this.#drainPing = this.#keeper.ping();
    this.#drainDeadline = this.engine.turn.now() + this.#manager.config.drainTimeoutMs;
    this.#schedule();
  }

  cut(code: OutcomeCode): void {
    this.#endsHere = true;
    for (const stream of this.#streams) stream.cut(code);
    this.#output.flush();
    this.#connection.destroy();
  }

  // — the connection —

  onData(memory: Buffer, length: number): void {
    this.acceptedBy.bytesReceived.add(length);
    if (this.#state !== 'closed') this.#machine.read(memory, 0, length);
  }

  onDrain(): void {
    if (this.#output.drained()) this.#machine.drained();
  }

  /** Clients of HTTP/2 do not end one side alone: whoever does has left. */
  onEnd(): void {
    for (const stream of this.#streams) stream.onConnectionClosed();
    this.#output.end();
  }

  onClose(): void {
    if (this.#state === 'closed') return;
    this.#countEnd();
    this.#state = 'closed';
    this.#machine.closeStreams(ErrorCode.cancel, 'the client is gone');
    this.#output.discard();
    for (const stream of this.#streams) stream.onConnectionClosed();
    this.#owner.onClosed(this);
  }

  #countEnd(): void {
    const { connections } = this.acceptedBy;
    connections.http2.closed();
    if (this.#connection.tls) connections.secured.closed();
    connections.countDestroyed(this.#endsHere, this.#streams.size > 0, this.engine.turn.now() - this.#openedAt);
  }

  onCrash(error: unknown): void {
    this.#endsHere = true;
    this.engine.logger.error('connection crashed', { error });
    for (const stream of this.#streams) stream.onCrash(error);
    this.#connection.destroy();
  }

  // — the machine —

  onRequest(stream: Http2Stream, head: RequestHead, verdict: HeadVerdict): void {
    const { engine } = this;
    this.#manager = this.#owner.manager ?? this.#manager;
    this.#streamsBegun += 1;
    this.#budget.onStream();
    const exchange = new Http2DownstreamStream(this, this.#manager, stream);
    this.#streams.add(exchange);
    this.statistics.streamsActive += 1;
    engine.sweep.add(exchange);
    if (verdict === 'malformed') engine.logger.debug('http2 request is malformed', { connection: this.id, fault: this.#machine.headFault });
    exchange.start(head, verdict, this.#machine.requestedProtocol);
    if (this.#isAskedToLeave() || this.#hasServedAll()) this.retire();
  }

  onPeerSettings(): void {}

  onSettingsAcknowledged(): void {
    this.#settingsDeadline = never;
    this.#schedule();
  }

  onPingAcknowledged(): void {
    if (this.#keeper.onAnswer() >= this.#drainPing) this.#refuseStreams();
    this.#schedule();
  }

  onGoaway(): void {}

  /** GOAWAY is written. The client has a moment to read it before a reset could take it away. */
  onBroken(code: number, reason: string): void {
    this.acceptedBy.countEnd(outcomes['malformed-request']);
    this.statistics.goawaysSent.add();
    this.engine.logger.debug('http2 connection failed', { connection: this.id, code, reason });
    this.#state = 'closing';
    this.#machine.closeStreams(code, reason);
    this.#linger();
  }

  // — for its streams —

  onEarlyEnd(): void {
    this.#budget.onEarlyEnd();
    if (!this.#budget.isSpent || this.#machine.isBroken) return;
    this.acceptedBy.prematureResets.add();
    this.#machine.fail(ErrorCode.enhanceYourCalm, 'streams that end before they are answered');
  }

  onStreamClosed(stream: Http2DownstreamStream): void {
    if (!this.#streams.delete(stream)) return;
    this.statistics.streamsActive -= 1;
    this.engine.sweep.remove(stream);
    if (this.#streams.size > 0 || this.#state === 'closed') return;
    this.#idleSince = this.engine.turn.now();
    if (this.#state === 'closing') this.#linger();
    else this.#schedule();
  }

  #isAskedToLeave(): boolean {
    const { drain, turn } = this.engine;
    if (!drain.isUnderWay || this.#state !== 'open' || !drain.asksToLeave(turn.now(), this.#manager.config.staysWhenFailing)) return false;
    this.acceptedBy.drainCloses.add();
    return true;
  }

  #hasServedAll(): boolean {
    const { requestsPerConnectionMax } = this.#manager.config;
    if (requestsPerConnectionMax === 0 || this.#streamsBegun < requestsPerConnectionMax || this.#state !== 'open') return false;
    this.acceptedBy.requestLimits.add();
    return true;
  }

  /** The last stream is decided; the connection ends with it. */
  #refuseStreams(): void {
    if (this.#state !== 'open' && this.#state !== 'leaving') return;
    this.#state = 'closing';
    this.#drainPing = this.#drainDeadline = never;
    this.#machine.refuseStreams();
    this.#linger();
  }

  /** All has been said when no stream is left; then the client has this long to end its side, too. */
  #linger(): void {
    if (this.#streams.size > 0) return;
    this.#endsHere = true;
    this.#output.end();
    this.#keeper.stop();
    this.#settingsDeadline = never;
    this.#lingerDeadline = this.engine.turn.now() + (this.#manager.config.delayedCloseTimeoutMs || defaultLingerMs);
    this.#schedule();
  }

  // — time —

  onDeadline(now: number): void {
    if (now >= this.#lingerDeadline) return this.#connection.destroy();
    if (now >= this.#settingsDeadline) this.#machine.fail(ErrorCode.settingsTimeout, 'SETTINGS are not acknowledged');
    else if (now >= this.#drainDeadline) this.#refuseStreams();
    else if (now >= this.#staysUntil) {
      this.#staysUntil = never;
      this.acceptedBy.durationLimits.add();
      this.retire();
    } else if (now >= this.#idleDeadline) {
      this.#manager.statistics.idleTimeouts.add();
      this.statistics.goawaysSent.add();
      this.#refuseStreams();
    } else if (!this.#keeper.keep(now)) {
      this.statistics.keepaliveTimeouts.add();
      return this.cut('downstream-closed');
    }
    return this.#schedule();
  }

  get #idleDeadline(): number {
    const { idleTimeoutMs } = this.#manager.config;
    return this.#streams.size > 0 || idleTimeoutMs === 0 || this.#state !== 'open' ? never : this.#idleSince + idleTimeoutMs;
  }

  #schedule(): void {
    this.deadline = Math.min(this.#settingsDeadline, this.#lingerDeadline, this.#drainDeadline, this.#staysUntil, this.#keeper.deadline, this.#idleDeadline);
  }
}
