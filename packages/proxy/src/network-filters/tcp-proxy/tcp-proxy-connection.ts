/**
 * One client's connection through a TCP proxy, and the host's that goes with it.
 *
 *     connecting → piping → closing → closed
 *     connecting → closing
 *
 * The client is not read until the host is there. Then each direction is a `TcpPipe` of its own: back-pressure and the end
 * of one say nothing about the other. `closing`: one side is gone, and what is on its way to the other may still leave.
 */
import { Buffer } from 'node:buffer';
import type { Connection, ConnectionHandler, MeshError } from '@sluice/kernel';
import type { ConnectionOwner } from '../../downstream/downstream-connection.ts';
import { logConnection } from '../../downstream/connection-log.ts';
import type { OutcomeCode } from '../../outcome.ts';
import { StreamInfo } from '../../stream-info.ts';
import { HandlerInTurn, type TurnHandler } from '../../turn.ts';
import type { Serving, ServerConnection } from '../server-connection.ts';
import type { TcpProxySettings } from '../network-server-config.ts';
import { findCluster } from '../../upstream/aggregate-choice.ts';
import { TcpPipe } from './tcp-pipe.ts';
import { chooseTarget, hashOfSource } from './tcp-route.ts';
import type { TcpStatistics } from './tcp-statistics.ts';
import { TcpUpstream, type TcpUpstreamOwner } from './tcp-upstream.ts';

/** How long what is on its way may take to leave when the other side is gone, in ms. Chosen: a minute is patient, and nobody waits for it. */
const flushMaxMs = 60_000;

const never = Number.POSITIVE_INFINITY;

export class TcpProxyConnection implements ServerConnection, TcpUpstreamOwner {
  deadline = never;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly acceptedBy: TcpStatistics;
  readonly info: StreamInfo;
  readonly upstreamHandler: ConnectionHandler;
  readonly #serving: Serving;
  readonly #settings: TcpProxySettings;
  readonly #owner: ConnectionOwner;
  readonly #client: Connection;
  #state: 'connecting' | 'piping' | 'closing' | 'closed' = 'connecting';
  #upstream: TcpUpstream | undefined;
  #host: Connection | undefined;
  #toHost: TcpPipe | undefined;
  #toClient: TcpPipe | undefined;
  /** What the client sent before its host was there. */
  #early: Buffer | undefined;
  #clientEnded = false;
  #isClientOpen = true;
  #isHostOpen = false;
  #activeAt: number;
  #lastsUntil: number;
  #code: OutcomeCode = 'completed';

  constructor(serving: Serving, settings: TcpProxySettings) {
    const { engine, connection, info, id, filterChainName, owner } = serving;
    this.#serving = serving;
    this.#settings = settings;
    this.#owner = owner;
    this.#client = connection;
    this.acceptedBy = engine.statistics.tcp(settings.statPrefix);
    this.acceptedBy.connectionsTotal.add();
    this.acceptedBy.connectionsActive += 1;
    this.info = new StreamInfo(info);
    this.info.connection = info;
    this.info.filterChainName = filterChainName;
    this.info.connectionId = id;
    this.info.protocol = '';
    this.info.startAt = engine.turn.now();
    this.info.startWallTime = engine.turn.wallTime();
    this.#activeAt = this.info.startAt;
    this.#lastsUntil = settings.durationMaxMs > 0 ? this.info.startAt + settings.durationMaxMs : never;
    this.upstreamHandler = new HandlerInTurn(engine.turn, this.#createHostSide());
    connection.pause();
    this.#schedule();
    // Whatever comes of it comes later: connections never call back from within a call.
    this.#findHost();
  }

  // — the client's side —

  onData(memory: Buffer, length: number): void {
    this.#activeAt = this.#serving.engine.turn.now();
    if (this.#toHost) return this.#toHost.forward(memory, length);
    const bytes = memory.subarray(0, length);
    this.#early = this.#early ? Buffer.concat([this.#early, bytes]) : Buffer.from(bytes);
  }

  onDrain(): void {
    this.#activeAt = this.#serving.engine.turn.now();
    this.#toClient?.drained();
    if (this.#state === 'closing' && !this.#isHostOpen && this.#toClient?.isBlocked === false) this.#client.destroy();
  }

  onEnd(): void {
    this.#clientEnded = true;
    this.#toHost?.end();
  }

  onClose(error?: MeshError): void {
    this.#isClientOpen = false;
    this.#toClient?.discard();
    if (this.#state === 'connecting') {
      this.info.raise('DC');
      this.#code = 'downstream-closed';
    }
    if (this.#isHostOpen) this.#closeAfterFlush(this.#host as Connection, this.#toHost, error !== undefined);
    this.#finishWhenOver();
  }

  // — the host's side —

  onConnected(connection: Connection): void {
    const { engine } = this.#serving;
    this.#state = 'piping';
    this.#isHostOpen = true;
    this.#host = connection;
    this.#toHost = new TcpPipe(this.#client, connection, engine.output);
    this.#toClient = new TcpPipe(connection, this.#client, engine.output);
    this.#activeAt = engine.turn.now();
    this.#schedule();
    const early = this.#early;
    this.#early = undefined;
    if (early) this.#toHost.forward(early, early.length);
    if (this.#clientEnded) this.#toHost.end();
    if (!this.#toHost.isBlocked) this.#client.resume();
  }

  onNotConnected(code: OutcomeCode): void {
    this.#state = 'closing';
    this.#code = code;
    this.#client.destroy();
  }

  #createHostSide(): TurnHandler {
    return {
      onData: (memory, length) => {
        this.#activeAt = this.#serving.engine.turn.now();
        this.#toClient?.forward(memory, length);
      },
      onDrain: () => {
        this.#activeAt = this.#serving.engine.turn.now();
        this.#toHost?.drained();
        if (this.#state === 'closing' && !this.#isClientOpen && this.#toHost?.isBlocked === false) this.#host?.destroy();
      },
      onEnd: () => this.#toClient?.end(),
      onClose: (error) => {
        this.#isHostOpen = false;
        this.#toHost?.discard();
        if (this.#isClientOpen) this.#closeAfterFlush(this.#client, this.#toClient, error !== undefined);
        this.#finishWhenOver();
      },
      onCrash: (error) => this.onCrash(error),
    };
  }

  // — ends —

  /** It is told by this connection's end when the proxy goes; until then it may go on. */
  retire(): void {}

  cut(code: OutcomeCode): void {
    this.#code = code;
    this.#client.destroy();
    this.#host?.destroy();
  }

  onDeadline(now: number): void {
    if (this.#state === 'closing') return this.cut(this.#code);
    if (now >= this.#lastsUntil) {
      this.acceptedBy.durationTimeouts.add();
      this.info.raise('DT');
      return this.cut('max-duration');
    }
    if (now >= this.#idleUntil) {
      this.acceptedBy.idleTimeouts.add();
      return this.cut('stream-idle-timeout');
    }
    this.#schedule();
  }

  onCrash(error: unknown): void {
    this.#serving.engine.logger.error('connection crashed', { error });
    this.cut('internal-error');
  }

  get #idleUntil(): number {
    const { idleTimeoutMs } = this.#settings;
    return idleTimeoutMs > 0 && this.#state === 'piping' ? this.#activeAt + idleTimeoutMs : never;
  }

  #schedule(): void {
    this.deadline = Math.min(this.#idleUntil, this.#lastsUntil);
  }

  #findHost(): void {
    if (!this.#isClientOpen) return;
    const { engine, info } = this.#serving;
    const target = chooseTarget(this.#settings.targets, info, engine.random);
    const cluster = target && findCluster(engine.current.clusters, target.cluster);
    this.info.clusterName = target?.cluster ?? '';
    if (!target || !cluster) {
      this.acceptedBy.noRoute.add();
      this.info.raise('NC');
      return this.onNotConnected('no-cluster');
    }
    const { hashesSourceIp, connectAttemptsMax } = this.#settings;
    const placed = hashesSourceIp || target.subset !== undefined;
    this.#upstream = new TcpUpstream(this, {
      cluster,
      engine,
      attemptsMax: connectAttemptsMax,
      pickContext: placed ? { hash: hashesSourceIp ? hashOfSource(info) : undefined, subset: target.subset } : undefined,
    });
    this.#upstream.start();
  }

  /** One side is gone: the other gets what is on its way to it, then its end. */
  #closeAfterFlush(left: Connection, pipe: TcpPipe | undefined, wasReset: boolean): void {
    this.#state = 'closing';
    pipe?.flush();
    if (pipe?.isBlocked !== true) return left.destroy(wasReset);
    pipe.end();
    this.deadline = this.#serving.engine.turn.now() + flushMaxMs;
  }

  #finishWhenOver(): void {
    if (this.#isClientOpen || this.#isHostOpen || this.#state === 'closed') return;
    this.#state = 'closed';
    this.#upstream?.release();
    const { engine } = this.#serving;
    const { info, acceptedBy } = this;
    info.bytesReceived = this.#toHost?.bytes ?? 0;
    info.bytesSent = this.#toClient?.bytes ?? 0;
    acceptedBy.bytesReceived.add(info.bytesReceived);
    acceptedBy.bytesSent.add(info.bytesSent);
    logConnection(engine, this.#settings.accessLogs, info, this.#code);
    this.#owner.onClosed(this);
  }
}
