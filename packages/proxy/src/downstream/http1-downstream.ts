/**
 * One client's HTTP/1.1 connection: bytes into requests, responses into bytes, one exchange after the other.
 *
 *     head → body → answering → head …     the request is read, then its response is awaited
 *     head → answering                     a request without a body
 *     body, answering → tunnel             after a 101
 *     any → lingering → closed             the last response is out, the client may still be sending
 *     head → closed                        the client began with the preface of HTTP/2: another codec goes on
 *
 * Pipelined requests wait, unread, until the one before them has been answered.
 */
import { Buffer } from 'node:buffer';
import {
  clientPreface,
  createHeaderLine,
  incomplete,
  Known,
  refused,
  type BodyReader,
  type HeadFault,
  type RequestReader,
  type ResponseHead,
  type Trailers,
} from '@sluice/http';
import type { Connection, MeshError } from '@sluice/kernel';
import type { DownstreamCodec } from '../codec.ts';
import type { Engine } from '../engine.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { TurnHandler } from '../turn.ts';
import { ActiveStream } from './active-stream.ts';
import { ClientPatience } from './client-patience.ts';
import { matchPreface, noPreface } from './client-preface.ts';
import { ConnectionAge } from './connection-age.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { DownstreamConnection, DownstreamOwner } from './downstream-connection.ts';
import { createExchangeInfo } from './exchange-info.ts';
import { outcomeOfFault } from './head-fault-outcome.ts';
import { HeldInput, heldForPipeline, heldForStream, heldForUpstream } from './held-input.ts';
import { Http1ResponseWriter } from './http1-response-writer.ts';
import type { RequestIntake } from './request-intakes.ts';
import { flushTimeoutMs, headMsMax, nextStreamDeadline, overdueHead, overdueStream } from './stream-deadlines.ts';

type State = 'head' | 'body' | 'answering' | 'tunnel' | 'lingering' | 'closed';

const noContent = createHeaderLine('content-length', '0');

/** How long an unused connection waits for its last request when it is retired, in ms. Chosen: longer than most clients pause under load. */
const retiredQuietMs = 1_000;

/** Body bytes after which a connection reads into memory of its own: one shared read. */
const largeBodyBytes = 64 * 1024;

export class Http1Downstream implements DownstreamCodec, TurnHandler, DownstreamConnection {
  deadline: number;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly id: number;
  readonly acceptedBy: DownstreamStatistics;
  readonly connectionInfo: ConnectionInfo | undefined;
  readonly #owner: DownstreamOwner;
  readonly #engine: Engine;
  readonly #connection: Connection;
  readonly #writer: Http1ResponseWriter;
  readonly #input: HeldInput;
  readonly #age: ConnectionAge;
  readonly #patience = new ClientPatience();
  /** Reads the current request; none between requests. */
  #intake: RequestIntake | undefined;
  /** Of the current exchange, or of the last one. */
  #manager: ConnectionManager;
  #state: State = 'head';
  #stream: ActiveStream | undefined;
  /** First byte of the head being read; 0 between requests. */
  #headStartedAt = 0;
  #isConsuming = false;
  #keepsAlive = true;
  /** The client has said that nothing follows its present request. */
  #isLast = false;
  #endsByClose = false;
  #peerEnded = false;
  /** Its listener has gone or changed, or the proxy ends. */
  #isRetired = false;
  #bodyBytes = 0;
  #isDedicated = false;
  /** The connection's end is our doing. */
  #endsHere = false;
  /** How much of the preface of HTTP/2 has come; `noPreface` once it is known to be none. */
  #prefaceBytes = 0;

  constructor(owner: DownstreamOwner, manager: ConnectionManager, engine: Engine, connection: Connection, id: number, info?: ConnectionInfo) {
    this.#owner = owner;
    this.#manager = manager;
    this.#engine = engine;
    this.#connection = connection;
    this.#writer = new Http1ResponseWriter(connection, engine.output, manager.statistics.bytesSent);
    this.id = id;
    this.connectionInfo = info;
    this.acceptedBy = manager.statistics;
    if (manager.config.codec === 'http1') this.#settleProtocol();
    this.#input = new HeldInput(connection);
    this.#age = new ConnectionAge(manager.config, engine.turn.now());
    this.deadline = this.#age.idleDeadline(manager.config);
  }

  // Methods, since V8 leaves optimised code to read a private getter.

  #currentIntake(): RequestIntake {
    return (this.#intake ??= (this.#owner.manager ?? this.#manager).intakes.take());
  }

  #reader(): RequestReader {
    return this.#currentIntake().reader;
  }

  #body(): BodyReader {
    return this.#currentIntake().body;
  }

  #isReadingHead(): boolean {
    return this.#intake !== undefined && this.#intake.reader.isPartial;
  }

  #releaseIntake(): void {
    const intake = this.#intake;
    this.#intake = undefined;
    intake?.release();
  }

  get isIdle(): boolean {
    return this.#stream === undefined && !this.#isReadingHead() && !this.#input.hasKept;
  }

  /**
   * No more requests after the one under way. Without one: after the next, or when none has come for a while. To close a
   * connection that has just been used would be to race with its next request.
   */
  retire(): void {
    this.#isRetired = true;
    if (this.isIdle && this.#state === 'head') this.deadline = Math.min(this.deadline, this.#age.quietSince + retiredQuietMs);
  }

  /** Now, whatever is under way. */
  cut(code: OutcomeCode): void {
    this.#endsHere = true;
    this.#stream?.reset(code);
    this.#connection.destroy();
  }

  // — the connection —

  onData(memory: Buffer, length: number): void {
    if (this.#prefaceBytes !== noPreface && this.#readPreface(memory, length)) return;
    this.acceptedBy.bytesReceived.add(length);
    this.#consume(memory, 0, length, this.#isDedicated);
  }

  onDrain(): void {
    if (!this.#writer.drained()) return;
    this.#patience.onDrained();
    this.#stream?.onDownstreamDrain();
  }

  onEnd(): void {
    this.#peerEnded = true;
    this.#keepsAlive = false;
    switch (this.#state) {
      case 'head':
        // Between requests, or in the middle of a head that will never be whole. With bytes kept, they come first.
        if (!this.#input.hasKept) this.#connection.end();
        break;
      case 'body':
        this.#stream?.onDownstreamFailure('downstream-closed');
        break;
      case 'tunnel':
        this.#stream?.onTunnelEnd();
        this.lookAgain();
        break;
      case 'answering':
        this.#stream?.onClientEnd();
        break;
      default:
    }
  }

  onClose(_error?: MeshError): void {
    if (this.#state === 'closed') return;
    this.#countEnd();
    this.#writer.discard();
    this.#state = 'closed';
    this.#stream?.onDownstreamFailure('downstream-closed');
    this.#stream = undefined;
    this.#input.takeKept();
    this.#releaseIntake();
    this.#owner.onClosed(this);
  }

  #countEnd(): void {
    const { connections } = this.acceptedBy;
    if (this.#prefaceBytes === noPreface) connections.http1.closed();
    if (this.#connection.tls) connections.secured.closed();
    connections.countDestroyed(this.#endsHere, this.#stream !== undefined, this.#engine.turn.now() - this.#age.openedAt);
  }

  onDeadline(now: number): void {
    if (this.#state === 'lingering') this.#lingerOn(now);
    else if (this.#stream) this.#checkStream(this.#stream, now);
    else if (this.#isReadingHead() || this.#headStartedAt !== 0) this.#refuse(overdueHead(this.#manager.config, now - this.#headStartedAt));
    else {
      if (now >= this.#age.staysUntil) this.acceptedBy.durationLimits.add();
      else if (!this.#isRetired) this.#manager.statistics.idleTimeouts.add();
      this.#linger();
    }
  }

  #lingerOn(now: number): void {
    if (this.#patience.mayLingerOn(this.#connection.pendingBytes, now)) this.deadline = now + this.#lingerMs();
    else {
      this.acceptedBy.delayedCloseTimeouts.add();
      this.#connection.destroy();
    }
  }

  onCrash(error: unknown): void {
    this.#isConsuming = false;
    this.#endsHere = true;
    if (this.#stream) this.#stream.crash(error);
    else this.#engine.logger.error('connection crashed', { error });
    this.#connection.destroy();
  }

  #checkStream(stream: ActiveStream, now: number): void {
    stream.logWhileOpen(now);
    const code = this.#patience.deadline <= now ? 'stream-idle-timeout' : overdueStream(stream, this.#manager.config, now);
    if (code) stream.fail(code);
    // The end of a stream sets the next deadline itself.
    if (this.#stream === stream) this.deadline = this.#deadlineOf(stream);
  }

  #deadlineOf(stream: ActiveStream): number {
    return Math.min(nextStreamDeadline(stream, this.#manager.config), this.#patience.deadline);
  }

  // — reading —

  /** It speaks HTTP/1. */
  #settleProtocol(): void {
    this.#prefaceBytes = noPreface;
    this.acceptedBy.connections.http1.opened();
  }

  /** True when the first bytes are not for HTTP/1, or cannot be told yet. */
  #readPreface(memory: Buffer, length: number): boolean {
    const before = this.#prefaceBytes;
    const matched = matchPreface(before, memory, length);
    if (matched === noPreface) {
      this.#settleProtocol();
      if (before > 0) this.acceptedBy.bytesReceived.add(before);
      if (before > 0) this.#consume(clientPreface, 0, before, false);
      return false;
    }
    this.#prefaceBytes = matched;
    if (this.#headStartedAt === 0) this.#beginHead();
    if (this.#prefaceBytes === clientPreface.length) {
      this.#state = 'closed';
      this.#owner.onHttp2(this, this.#connection, Buffer.concat([clientPreface.subarray(0, before), memory.subarray(0, length)]));
    }
    return true;
  }

  #consume(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    let at = start;
    this.#isConsuming = true;
    for (;;) {
      switch (this.#state) {
        case 'head': {
          if (at === end) return this.#doneConsuming();
          if (this.#headStartedAt === 0) this.#beginHead();
          const headEnd = this.#reader().read(memory, at, end);
          if (headEnd === incomplete) return this.#doneConsuming();
          if (headEnd === refused) {
            this.#refuse(outcomeOfFault(this.#reader().fault as HeadFault));
            return this.#doneConsuming();
          }
          at = headEnd;
          this.#beginStream();
          break;
        }
        case 'body': {
          if (this.#input.isHeldFor(heldForStream)) {
            this.#input.keep(memory, at, end);
            return this.#doneConsuming();
          }
          const event = this.#body().next(memory, at, end);
          if (event === 'more') return this.#doneConsuming();
          if (event === 'refused') {
            this.#stream?.onDownstreamFailure('bad-body');
            break;
          }
          at = this.#body().position;
          if (event === 'data') this.#onBodyData(memory, mayBorrow);
          else this.#endBody();
          break;
        }
        case 'answering':
          if (at < end) {
            this.#input.keep(memory, at, end);
            this.#input.hold(heldForPipeline);
          }
          return this.#doneConsuming();
        case 'tunnel':
          if (at < end) {
            if (this.#input.isHeldFor(heldForStream)) this.#input.keep(memory, at, end);
            else this.#stream?.onRequestData(memory, at, end, mayBorrow);
          }
          return this.#doneConsuming();
        default:
          return this.#doneConsuming();
      }
    }
  }

  #doneConsuming(): void {
    this.#isConsuming = false;
  }

  #beginHead(): void {
    this.#headStartedAt = this.#engine.turn.now();
    this.deadline = this.#headStartedAt + headMsMax(this.#manager.config);
  }

  #beginStream(): void {
    const head = this.#reader().head;
    const engine = this.#engine;
    this.#manager = this.#owner.manager ?? this.#manager;
    this.#writer.usesProperCase = this.#manager.config.usesProperCase === true;
    this.#age.requests += 1;
    this.#isLast = !head.keepsAlive;
    this.#keepsAlive = head.keepsAlive && !this.#peerEnded && !this.#isRetired && this.#owner.manager !== undefined && !this.#age.isSpent(this.#manager.config, this.acceptedBy, engine.turn);
    const info = this.#newStreamInfo();
    info.startAt = this.#headStartedAt;
    info.startWallTime = engine.turn.wallTime();
    if (head.minorVersion === 0) info.protocol = 'HTTP/1.0';
    this.#headStartedAt = 0;
    const conditions = this.#manager.conditionRequest(head, info);
    this.#body().start(head.framing, head.contentLength);
    this.#bodyBytes = 0;
    if (head.framing === 'length' && head.contentLength > largeBodyBytes) this.#dedicate(true);
    this.#state = head.framing === 'none' && conditions.upgrade === '' ? 'answering' : 'body';
    if (conditions.upgrade !== '' && head.framing === 'none') this.#state = 'tunnel';
    const stream = new ActiveStream(engine, this.#manager, this, head, info);
    this.#stream = stream;
    stream.start(conditions);
    if (this.#stream === stream) this.deadline = this.#deadlineOf(stream);
  }

  #newStreamInfo(): StreamInfo {
    return createExchangeInfo(this.id, this.connectionInfo, this.connectionInfo ?? this.#connection, this.#manager);
  }

  #onBodyData(memory: Buffer, mayBorrow: boolean): void {
    const { dataStart, dataEnd } = this.#body();
    this.#bodyBytes += dataEnd - dataStart;
    if (!this.#isDedicated && this.#bodyBytes > largeBodyBytes) this.#dedicate(true);
    this.#stream?.onRequestData(memory, dataStart, dataEnd, mayBorrow);
  }

  #endBody(): void {
    this.#state = 'answering';
    this.#dedicate(false);
    const hasTrailers = this.#reader().head.framing === 'chunked' && this.#manager.config.dropsHttp1Trailers !== true;
    this.#stream?.onRequestEnd(hasTrailers ? this.#body().trailers : undefined);
    const stream = this.#stream;
    // From here on the route's timeout counts.
    if (stream) this.deadline = this.#deadlineOf(stream);
  }

  #dedicate(dedicated: boolean): void {
    if (this.#isDedicated === dedicated) return;
    this.#isDedicated = dedicated;
    this.#connection.dedicateReadMemory(dedicated);
  }

  /** Uses what was kept, as if it came now. */
  #consumeKept(): void {
    const kept = this.#isConsuming ? undefined : this.#input.takeKept();
    if (!kept) return;
    // Nobody else writes into this memory, so it may be borrowed.
    this.#consume(kept, 0, kept.length, true);
    // The client had said that this was its last request, and no other was kept.
    if (this.#peerEnded && this.#state === 'head') this.#connection.end();
  }

  /** Nobody who calls at the end of a turn knows whose mistake it would be. */
  #consumeKeptLater(): void {
    try {
      this.#consumeKept();
    } catch (error) {
      this.onCrash(error);
    }
  }

  // — the stream's requests —

  holdBody(): void {
    if (this.#state !== 'answering') this.#input.hold(heldForStream);
  }

  releaseBody(): void {
    if (!this.#input.isHeldFor(heldForStream)) return;
    this.#input.release(heldForStream);
    this.#consumeKept();
  }

  pauseBody(): void {
    if (this.#state === 'answering') return;
    if (!this.#input.isHeldFor(heldForUpstream)) this.#manager.statistics.readingPaused.add();
    this.#input.hold(heldForUpstream);
  }

  resumeBody(): void {
    if (!this.#input.isHeldFor(heldForUpstream)) return;
    this.#manager.statistics.readingResumed.add();
    this.#input.release(heldForUpstream);
  }

  writeContinue(): void {
    this.#writer.writeContinue();
  }

  writeInformational(head: ResponseHead): void {
    if (!this.#isOldClient()) this.#writer.writeInformational(head);
  }

  writeHead(head: ResponseHead): void {
    this.#endsByClose = Http1ResponseWriter.endsByClose(head, this.#isOldClient());
    // A body that is not wanted any more is not read to its end: the client is told not to send another request after it.
    const { drain, turn } = this.#engine;
    if (drain.isUnderWay && this.#keepsAlive && drain.asksToLeave(turn.now())) {
      this.acceptedBy.drainCloses.add();
      this.#keepsAlive = false;
    }
    const stream = this.#stream;
    if (this.#isRetired || this.#endsByClose || !stream?.isRequestDone || stream.endsConnection) this.#keepsAlive = false;
    if (head.framing === 'none') this.#stateNoBody(head);
    this.#writer.writeHead(head, this.#isOldClient(), this.#keepsAlive);
  }

  /** A response of HTTP/2 ends without saying how long it is, where a client of HTTP/1 would wait for its body. */
  #stateNoBody(head: ResponseHead): void {
    if ((head.known & Known.contentLength) !== 0 || head.status === 204 || head.status === 304 || this.#reader().head.method === 'HEAD') return;
    head.addLine(noContent);
  }

  writeTunnelHead(head: ResponseHead): void {
    this.#keepsAlive = false;
    this.#state = 'tunnel';
    this.#writer.writeTunnelHead(head);
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (this.#state === 'closed' || this.#writer.writeData(memory, start, end, mayBorrow)) return true;
    this.#patience.onBlocked(this.#engine.turn.now(), flushTimeoutMs(this.#stream?.route, this.#manager.config));
    this.deadline = Math.min(this.deadline, this.#patience.deadline);
    return false;
  }

  writeEnd(trailers: Trailers | undefined): void {
    if (this.#state !== 'closed') this.#writer.writeEnd(this.#manager.config.dropsHttp1Trailers === true ? undefined : trailers);
  }

  endTunnel(): void {
    this.#writer.end();
    // Half a tunnel has another deadline.
    this.lookAgain();
  }

  lookAgain(): void {
    if (this.#stream) this.deadline = this.#engine.turn.now();
  }

  #isOldClient(): boolean {
    return this.#reader().head.minorVersion === 0;
  }

  finish(intact: boolean): void {
    this.#stream = undefined;
    if (this.#state === 'closed') return;
    this.#dedicate(false);
    if (!intact && this.#endsByClose) {
      this.#endsHere = true;
      return this.#connection.destroy(true);
    }
    if (!intact || this.#state !== 'answering') return this.#linger();
    if (!this.#keepsAlive) return this.#linger(this.#isLast && !this.#input.hasKept && !this.#connection.tls);
    this.#state = 'head';
    this.#releaseIntake();
    this.#age.quietSince = this.#engine.turn.now();
    this.deadline = this.#age.idleDeadline(this.#manager.config);
    // It was retired when its client had been promised already that there may be another request.
    if (this.#isRetired) this.deadline = Math.min(this.deadline, this.#age.quietSince + retiredQuietMs);
    this.#input.release(heldForPipeline | heldForUpstream | heldForStream);
    // The next request of a pipeline begins when the upstream connection of this one is back in its pool.
    if (this.#input.hasKept) this.#engine.turn.after(() => this.#consumeKeptLater());
    else if (this.#peerEnded) this.#connection.end();
  }

  // — ends —

  /** A request that never became a stream: an answer, one line in the log, and the end of the connection. */
  #refuse(code: OutcomeCode): void {
    const info = this.#newStreamInfo();
    info.startAt = this.#headStartedAt === 0 ? this.#engine.turn.now() : this.#headStartedAt;
    info.startWallTime = this.#engine.turn.wallTime();
    this.#headStartedAt = 0;
    const head = this.#reader().head;
    head.framing = 'none';
    this.#keepsAlive = false;
    this.#isLast = false;
    this.#state = 'answering';
    const stream = new ActiveStream(this.#engine, this.#manager, this, head, info);
    this.#stream = stream;
    stream.fail(code);
  }

  /** Our last byte is out; what the client still sends is read and dropped for a while, so that a reset does not overtake the response. */
  #linger(mayCloseAtOnce = false): void {
    this.#state = 'lingering';
    this.#endsHere = !this.#peerEnded;
    this.#input.drop();
    if (mayCloseAtOnce) this.#writer.closeWhenSent();
    else this.#writer.end();
    const now = this.#engine.turn.now();
    this.#patience.beginLinger(now);
    this.deadline = now + this.#lingerMs();
  }

  #lingerMs(): number {
    return this.#manager.config.delayedCloseTimeoutMs || defaultLingerMs;
  }
}

/** Envoy's `delayed_close_timeout`, also where it is turned off: without any, a reset could destroy the response. */
const defaultLingerMs = 1_000;
