/** How a client's HTTP/1.1 connection comes to its end: asked to, by its deadlines, by the client, or by a mistake; and how it lingers until then. */
import type { MeshError } from '@sluice/kernel';
import type { OutcomeCode } from '../outcome.ts';
import type { ActiveStream } from './active-stream.ts';
import { noPreface } from './client-preface.ts';
import { Http1Connection } from './http1-connection.ts';
import { overdueHead, overdueStream } from './stream-deadlines.ts';

/** How long an unused connection waits for its last request when it is retired, in ms. Chosen: longer than most clients pause under load. */
export const retiredQuietMs = 1_000;

/** Envoy's `delayed_close_timeout`, also where it is turned off: without any, a reset could destroy the response. */
const defaultLingerMs = 1_000;

export abstract class EndingHttp1Connection extends Http1Connection {
  /**
   * No more requests after the one under way. Without one: after the next, or when none has come for a while. To close a
   * connection that has just been used would be to race with its next request.
   */
  retire(): void {
    this.isRetired = true;
    if (this.isIdle && this.state === 'head') this.deadline = Math.min(this.deadline, this.age.quietSince + retiredQuietMs);
  }

  /** Now, whatever is under way. */
  cut(code: OutcomeCode): void {
    this.endsHere = true;
    this.stream?.reset(code);
    this.connection.destroy();
  }

  onClose(_error?: MeshError): void {
    if (this.state === 'closed') return;
    this.countEnd();
    this.writer.discard();
    this.state = 'closed';
    this.stream?.onDownstreamFailure('downstream-closed');
    this.stream = undefined;
    this.input.takeKept();
    this.releaseIntake();
    this.owner.onClosed(this);
  }

  protected countEnd(): void {
    const { connections } = this.acceptedBy;
    if (this.prefaceBytes === noPreface) connections.http1.closed();
    if (this.connection.tls) connections.secured.closed();
    connections.countDestroyed(this.endsHere, this.stream !== undefined, this.engine.turn.now() - this.age.openedAt);
  }

  onDeadline(now: number): void {
    if (this.state === 'lingering') this.lingerOn(now);
    else if (this.stream) this.checkStream(this.stream, now);
    else if (this.isReadingHead() || this.headStartedAt !== 0) this.refuse(overdueHead(this.manager.config, now - this.headStartedAt));
    else {
      if (now >= this.age.staysUntil) this.acceptedBy.durationLimits.add();
      else if (!this.isRetired) this.manager.statistics.idleTimeouts.add();
      this.linger();
    }
  }

  protected lingerOn(now: number): void {
    if (this.patience.mayLingerOn(this.connection.pendingBytes, now)) this.deadline = now + this.lingerMs();
    else {
      this.acceptedBy.delayedCloseTimeouts.add();
      this.connection.destroy();
    }
  }

  protected checkStream(stream: ActiveStream, now: number): void {
    stream.logWhileOpen(now);
    const code = this.patience.deadline <= now ? 'stream-idle-timeout' : overdueStream(stream, this.manager.config, now);
    if (code) stream.fail(code);
    // The end of a stream sets the next deadline itself.
    if (this.stream === stream) this.deadline = this.deadlineOf(stream);
  }

  onCrash(error: unknown): void {
    this.isConsuming = false;
    this.endsHere = true;
    if (this.stream) this.stream.crash(error);
    else this.engine.logger.error('connection crashed', { error });
    this.connection.destroy();
  }

  /** Our last byte is out; what the client still sends is read and dropped for a while, so that a reset does not overtake the response. */
  protected linger(mayCloseAtOnce = false): void {
    this.state = 'lingering';
    this.endsHere = !this.peerEnded;
    this.input.drop();
    if (mayCloseAtOnce) this.writer.closeWhenSent();
    else this.writer.end();
    const now = this.engine.turn.now();
    this.patience.beginLinger(now);
    this.deadline = now + this.lingerMs();
  }

  protected lingerMs(): number {
    return this.manager.config.delayedCloseTimeoutMs || defaultLingerMs;
  }

  protected abstract refuse(code: OutcomeCode): void;
}
