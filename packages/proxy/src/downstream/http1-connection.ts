/**
 * What a client's HTTP/1.1 connection is made of: its state, its bytes, what reads them, and the few things that all its parts do. The parts stand on
 * each other, one object in all: `ending-http1-connection.ts` ends it, `writing-http1-connection.ts` does what streams ask for, `http1-downstream.ts` reads.
 *
 *     head → body → answering → head …     the request is read, then its response is awaited
 *     head → answering                     a request without a body
 *     body, answering → tunnel             after a 101
 *     any → lingering → closed             the last response is out, the client may still be sending
 *     head → closed                        the client began with the preface of HTTP/2: another codec goes on
 *
 * Pipelined requests wait, unread, until the one before them has been answered.
 */
import type { BodyReader, RequestReader } from '@sluice/http';
import type { Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { ActiveStream } from './active-stream.ts';
import { ClientPatience } from './client-patience.ts';
import { noPreface } from './client-preface.ts';
import { ConnectionAge } from './connection-age.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { DownstreamOwner } from './downstream-connection.ts';
import { createExchangeInfo } from './exchange-info.ts';
import { HeldInput } from './held-input.ts';
import { Http1ResponseWriter } from './http1-response-writer.ts';
import type { RequestIntake } from './request-intakes.ts';
import { nextStreamDeadline } from './stream-deadlines.ts';

export type Http1State = 'head' | 'body' | 'answering' | 'tunnel' | 'lingering' | 'closed';

export abstract class Http1Connection {
  deadline: number;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly id: number;
  readonly acceptedBy: DownstreamStatistics;
  readonly connectionInfo: ConnectionInfo | undefined;
  protected readonly owner: DownstreamOwner;
  protected readonly engine: Engine;
  protected readonly connection: Connection;
  protected readonly writer: Http1ResponseWriter;
  protected readonly input: HeldInput;
  protected readonly age: ConnectionAge;
  protected readonly patience = new ClientPatience();
  /** Reads the current request; none between requests. */
  protected intake: RequestIntake | undefined;
  /** Of the current exchange, or of the last one. */
  protected manager: ConnectionManager;
  protected state: Http1State = 'head';
  protected stream: ActiveStream | undefined;
  /** First byte of the head being read; 0 between requests. */
  protected headStartedAt = 0;
  protected isConsuming = false;
  protected keepsAlive = true;
  /** The client has said that nothing follows its present request. */
  protected isLast = false;
  protected endsByClose = false;
  protected peerEnded = false;
  /** Its listener has gone or changed, or the proxy ends. */
  protected isRetired = false;
  protected bodyBytes = 0;
  protected isDedicated = false;
  /** The connection's end is our doing. */
  protected endsHere = false;
  /** How much of the preface of HTTP/2 has come; `noPreface` once it is known to be none. */
  protected prefaceBytes = 0;

  constructor(owner: DownstreamOwner, manager: ConnectionManager, engine: Engine, connection: Connection, id: number, info?: ConnectionInfo) {
    this.owner = owner;
    this.manager = manager;
    this.engine = engine;
    this.connection = connection;
    this.writer = new Http1ResponseWriter(connection, engine.output, manager.statistics.bytesSent);
    this.id = id;
    this.connectionInfo = info;
    this.acceptedBy = manager.statistics;
    if (manager.config.codec === 'http1') this.settleProtocol();
    this.input = new HeldInput(connection);
    this.age = new ConnectionAge(manager.config, engine.turn.now());
    this.deadline = this.age.idleDeadline(manager.config);
  }

  /** It speaks HTTP/1. */
  protected settleProtocol(): void {
    this.prefaceBytes = noPreface;
    this.acceptedBy.connections.http1.opened();
  }

  protected currentIntake(): RequestIntake {
    return (this.intake ??= (this.owner.manager ?? this.manager).intakes.take());
  }

  protected reader(): RequestReader {
    return this.currentIntake().reader;
  }

  protected body(): BodyReader {
    return this.currentIntake().body;
  }

  protected isReadingHead(): boolean {
    return this.intake !== undefined && this.intake.reader.isPartial;
  }

  protected releaseIntake(): void {
    const intake = this.intake;
    this.intake = undefined;
    intake?.release();
  }

  get isIdle(): boolean {
    return this.stream === undefined && !this.isReadingHead() && !this.input.hasKept;
  }

  protected isOldClient(): boolean {
    return this.reader().head.minorVersion === 0;
  }

  protected newStreamInfo(): StreamInfo {
    return createExchangeInfo(this.id, this.connectionInfo, this.connectionInfo ?? this.connection, this.manager);
  }

  protected deadlineOf(stream: ActiveStream): number {
    return Math.min(nextStreamDeadline(stream, this.manager.config), this.patience.deadline);
  }

  protected dedicate(dedicated: boolean): void {
    if (this.isDedicated === dedicated) return;
    this.isDedicated = dedicated;
    this.connection.dedicateReadMemory(dedicated);
  }

  lookAgain(): void {
    if (this.stream) this.deadline = this.engine.turn.now();
  }
}
