/** What streams ask of a client's HTTP/1.1 connection: to write their responses, to hold their bodies back, and to go on when they are over. */
import type { Buffer } from 'node:buffer';
import { createHeaderLine, Known, type ResponseHead, type Trailers } from '@sluice/http';
import type { DownstreamCodec } from '../codec.ts';
import { EndingHttp1Connection, retiredQuietMs } from './ending-http1-connection.ts';
import { heldForPipeline, heldForStream, heldForUpstream } from './held-input.ts';
import { Http1ResponseWriter } from './http1-response-writer.ts';
import { flushTimeoutMs } from './stream-deadlines.ts';

const noContent = createHeaderLine('content-length', '0');

export abstract class WritingHttp1Connection extends EndingHttp1Connection implements DownstreamCodec {
  holdBody(): void {
    if (this.state !== 'answering') this.input.hold(heldForStream);
  }

  releaseBody(): void {
    if (!this.input.isHeldFor(heldForStream)) return;
    this.input.release(heldForStream);
    this.consumeKept();
  }

  pauseBody(): void {
    if (this.state === 'answering') return;
    if (!this.input.isHeldFor(heldForUpstream)) this.manager.statistics.readingPaused.add();
    this.input.hold(heldForUpstream);
  }

  resumeBody(): void {
    if (!this.input.isHeldFor(heldForUpstream)) return;
    this.manager.statistics.readingResumed.add();
    this.input.release(heldForUpstream);
  }

  writeContinue(): void {
    this.writer.writeContinue();
  }

  writeInformational(head: ResponseHead): void {
    if (!this.isOldClient()) this.writer.writeInformational(head);
  }

  writeHead(head: ResponseHead): void {
    this.endsByClose = Http1ResponseWriter.endsByClose(head, this.isOldClient());
    // A body that is not wanted any more is not read to its end: the client is told not to send another request after it.
    const { drain, turn } = this.engine;
    if (drain.isUnderWay && this.keepsAlive && drain.asksToLeave(turn.now(), this.manager.config.staysWhenFailing)) {
      this.acceptedBy.drainCloses.add();
      this.keepsAlive = false;
    }
    const stream = this.stream;
    if (this.isRetired || this.endsByClose || !stream?.isRequestDone || stream.endsConnection) this.keepsAlive = false;
    if (head.framing === 'none') this.stateNoBody(head);
    this.writer.writeHead(head, this.isOldClient(), this.keepsAlive);
  }

  /** A response of HTTP/2 ends without saying how long it is, where a client of HTTP/1 would wait for its body. */
  protected stateNoBody(head: ResponseHead): void {
    if ((head.known & Known.contentLength) !== 0 || head.status === 204 || head.status === 304 || this.reader().head.method === 'HEAD') return;
    head.addLine(noContent);
  }

  writeTunnelHead(head: ResponseHead): void {
    this.keepsAlive = false;
    this.state = 'tunnel';
    this.writer.writeTunnelHead(head);
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (this.state === 'closed' || this.writer.writeData(memory, start, end, mayBorrow)) return true;
    this.patience.onBlocked(this.engine.turn.now(), flushTimeoutMs(this.stream?.route, this.manager.config));
    this.deadline = Math.min(this.deadline, this.patience.deadline);
    return false;
  }

  writeEnd(trailers: Trailers | undefined): void {
    if (this.state !== 'closed') this.writer.writeEnd(this.manager.config.dropsHttp1Trailers === true ? undefined : trailers);
  }

  endTunnel(): void {
    this.writer.end();
    // Half a tunnel has another deadline.
    this.lookAgain();
  }

  finish(intact: boolean): void {
    this.stream = undefined;
    if (this.state === 'closed') return;
    this.dedicate(false);
    if (!intact && this.endsByClose) {
      this.endsHere = true;
      return this.connection.destroy(true);
    }
    if (!intact || this.state !== 'answering') return this.linger();
    if (!this.keepsAlive) return this.linger(this.isLast && !this.input.hasKept && !this.connection.tls);
    this.state = 'head';
    this.releaseIntake();
    this.age.quietSince = this.engine.turn.now();
    this.deadline = this.age.idleDeadline(this.manager.config);
    // It was retired when its client had been promised already that there may be another request.
    if (this.isRetired) this.deadline = Math.min(this.deadline, this.age.quietSince + retiredQuietMs);
    this.input.release(heldForPipeline | heldForUpstream | heldForStream);
    // The next request of a pipeline begins when the upstream connection of this one is back in its pool.
    if (this.input.hasKept) this.engine.turn.after(() => this.consumeKeptLater());
    else if (this.peerEnded) this.connection.end();
  }

  /** Uses what was kept, as if it came now. */
  protected abstract consumeKept(): void;
  protected abstract consumeKeptLater(): void;
}
