/** One client's HTTP/1.1 connection: bytes into requests, responses into bytes, one exchange after the other. Its states stand in `http1-connection.ts`. */
import { Buffer } from 'node:buffer';
import { clientPreface, incomplete, refused, type HeadFault } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';
import type { TurnHandler } from '../turn.ts';
import { ActiveStream } from './active-stream.ts';
import { matchPreface, noPreface } from './client-preface.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import { outcomeOfFault } from './head-fault-outcome.ts';
import { heldForPipeline, heldForStream } from './held-input.ts';
import { headMsMax } from './stream-deadlines.ts';
import { WritingHttp1Connection } from './writing-http1-connection.ts';

/** Body bytes after which a connection reads into memory of its own: one shared read. */
const largeBodyBytes = 64 * 1024;

export class Http1Downstream extends WritingHttp1Connection implements TurnHandler, DownstreamConnection {
  onData(memory: Buffer, length: number): void {
    if (this.prefaceBytes !== noPreface && this.readPreface(memory, length)) return;
    this.acceptedBy.bytesReceived.add(length);
    this.consume(memory, 0, length, this.isDedicated);
  }

  onDrain(): void {
    if (!this.writer.drained()) return;
    this.patience.onDrained();
    this.stream?.onDownstreamDrain();
  }

  onEnd(): void {
    this.peerEnded = true;
    this.keepsAlive = false;
    switch (this.state) {
      case 'head':
        // Between requests, or in the middle of a head that will never be whole. With bytes kept, they come first.
        if (!this.input.hasKept) this.connection.end();
        break;
      case 'body':
        this.stream?.onDownstreamFailure('downstream-closed');
        break;
      case 'tunnel':
        this.stream?.onTunnelEnd();
        this.lookAgain();
        break;
      case 'answering':
        this.stream?.onClientEnd();
        break;
      default:
    }
  }

  /** True when the first bytes are not for HTTP/1, or cannot be told yet. */
  protected readPreface(memory: Buffer, length: number): boolean {
    const before = this.prefaceBytes;
    const matched = matchPreface(before, memory, length);
    if (matched === noPreface) {
      this.settleProtocol();
      if (before > 0) this.acceptedBy.bytesReceived.add(before);
      if (before > 0) this.consume(clientPreface, 0, before, false);
      return false;
    }
    this.prefaceBytes = matched;
    if (this.headStartedAt === 0) this.beginHead();
    if (this.prefaceBytes === clientPreface.length) {
      this.state = 'closed';
      this.owner.onHttp2(this, this.connection, Buffer.concat([clientPreface.subarray(0, before), memory.subarray(0, length)]));
    }
    return true;
  }

  protected consume(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    let at = start;
    this.isConsuming = true;
    for (;;) {
      switch (this.state) {
        case 'head': {
          if (at === end) return this.doneConsuming();
          if (this.headStartedAt === 0) this.beginHead();
          const headEnd = this.reader().read(memory, at, end);
          if (headEnd === incomplete) return this.doneConsuming();
          if (headEnd === refused) {
            this.refuse(outcomeOfFault(this.reader().fault as HeadFault));
            return this.doneConsuming();
          }
          at = headEnd;
          this.beginStream();
          break;
        }
        case 'body': {
          if (this.input.isHeldFor(heldForStream)) {
            this.input.keep(memory, at, end);
            return this.doneConsuming();
          }
          const event = this.body().next(memory, at, end);
          if (event === 'more') return this.doneConsuming();
          if (event === 'refused') {
            this.stream?.onDownstreamFailure('bad-body');
            break;
          }
          at = this.body().position;
          if (event === 'data') this.onBodyData(memory, mayBorrow);
          else this.endBody();
          break;
        }
        case 'answering':
          if (at < end) {
            this.input.keep(memory, at, end);
            this.input.hold(heldForPipeline);
          }
          return this.doneConsuming();
        case 'tunnel':
          if (at < end) {
            if (this.input.isHeldFor(heldForStream)) this.input.keep(memory, at, end);
            else this.stream?.onRequestData(memory, at, end, mayBorrow);
          }
          return this.doneConsuming();
        default:
          return this.doneConsuming();
      }
    }
  }

  protected doneConsuming(): void {
    this.isConsuming = false;
  }

  protected beginHead(): void {
    this.headStartedAt = this.engine.turn.now();
    this.deadline = this.headStartedAt + headMsMax(this.manager.config);
  }

  protected beginStream(): void {
    const head = this.reader().head;
    const engine = this.engine;
    this.manager = this.owner.manager ?? this.manager;
    this.writer.usesProperCase = this.manager.config.usesProperCase === true;
    this.age.requests += 1;
    this.isLast = !head.keepsAlive;
    this.keepsAlive = head.keepsAlive && !this.peerEnded && !this.isRetired && this.owner.manager !== undefined && !this.age.isSpent(this.manager.config, this.acceptedBy, engine.turn);
    const info = this.newStreamInfo();
    info.startAt = this.headStartedAt;
    info.startWallTime = engine.turn.wallTime();
    if (head.minorVersion === 0) info.protocol = 'HTTP/1.0';
    this.headStartedAt = 0;
    const conditions = this.manager.conditionRequest(head, info);
    this.body().start(head.framing, head.contentLength);
    this.bodyBytes = 0;
    if (head.framing === 'length' && head.contentLength > largeBodyBytes) this.dedicate(true);
    this.state = head.framing === 'none' && conditions.upgrade === '' ? 'answering' : 'body';
    if (conditions.upgrade !== '' && head.framing === 'none') this.state = 'tunnel';
    const stream = new ActiveStream(engine, this.manager, this, head, info);
    this.stream = stream;
    stream.start(conditions);
    if (this.stream === stream) this.deadline = this.deadlineOf(stream);
  }

  protected onBodyData(memory: Buffer, mayBorrow: boolean): void {
    const { dataStart, dataEnd } = this.body();
    this.bodyBytes += dataEnd - dataStart;
    if (!this.isDedicated && this.bodyBytes > largeBodyBytes) this.dedicate(true);
    this.stream?.onRequestData(memory, dataStart, dataEnd, mayBorrow);
  }

  protected endBody(): void {
    this.state = 'answering';
    this.dedicate(false);
    const hasTrailers = this.reader().head.framing === 'chunked' && this.manager.config.dropsHttp1Trailers !== true;
    this.stream?.onRequestEnd(hasTrailers ? this.body().trailers : undefined);
    const stream = this.stream;
    // From here on the route's timeout counts.
    if (stream) this.deadline = this.deadlineOf(stream);
  }

  /** Uses what was kept, as if it came now. */
  protected consumeKept(): void {
    const kept = this.isConsuming ? undefined : this.input.takeKept();
    if (!kept) return;
    // Nobody else writes into this memory, so it may be borrowed.
    this.consume(kept, 0, kept.length, true);
    // The client had said that this was its last request, and no other was kept.
    if (this.peerEnded && this.state === 'head') this.connection.end();
  }

  /** Nobody who calls at the end of a turn knows whose mistake it would be. */
  protected consumeKeptLater(): void {
    try {
      this.consumeKept();
    } catch (error) {
      this.onCrash(error);
    }
  }

  /** A request that never became a stream: an answer, one line in the log, and the end of the connection. */
  protected refuse(code: OutcomeCode): void {
    const info = this.newStreamInfo();
    info.startAt = this.headStartedAt === 0 ? this.engine.turn.now() : this.headStartedAt;
    info.startWallTime = this.engine.turn.wallTime();
    this.headStartedAt = 0;
    const head = this.reader().head;
    head.framing = 'none';
    this.keepsAlive = false;
    this.isLast = false;
    this.state = 'answering';
    const stream = new ActiveStream(this.engine, this.manager, this, head, info);
    this.stream = stream;
    stream.fail(code);
  }
}
