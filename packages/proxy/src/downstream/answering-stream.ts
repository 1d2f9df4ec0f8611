/** How a stream answers and ends: with the head of a response, with a reply of our own, or with neither; exactly once, with one outcome. */
import type { ResponseHead } from '@sluice/http';
import { outcomes, type Outcome, type OutcomeCode } from '../outcome.ts';
import type { LocalReply } from '../stream.ts';
import { renderLocalReply, replyOf } from './local-reply.ts';
import { keepsConnection, replyToRefusal } from './refusal.ts';
import type { RequestConditions } from './request-conditions.ts';
import { StreamCore } from './stream-core.ts';
import { countEnded, countRouted, tellFilters, writeAccessLogs } from './stream-end.ts';

export abstract class AnsweringStream extends StreamCore {
  reply(reply: LocalReply): void {
    if (this.state === 'ended' || this.responseHeadSent) return;
    this.inTurn(() => this.replyAs(reply, outcomes['filter-reply']));
  }

  reset(code: OutcomeCode): void {
    this.inTurn(() => this.fail(code));
  }

  protected refuse(code: OutcomeCode, conditions: RequestConditions): void {
    const outcome = keepsConnection(code, this.request, this.config) ? { ...outcomes[code], closesDownstream: false } : outcomes[code];
    this.replyAs(replyToRefusal(code, this.request, conditions), outcome);
  }

  /** A mistake in the program, a filter's most likely: this stream is over, without asking anyone any more. */
  crash(error: unknown): void {
    if (this.state === 'ended') return;
    this.engine.logger.error('stream crashed', { error });
    this.end(outcomes['internal-error'], false);
  }

  /** Ends it with this outcome: by a reply when nothing has been sent and there is somebody to tell. */
  fail(code: OutcomeCode): void {
    if (this.state === 'ended') return;
    if (code === 'upstream-timeout') this.upstream?.noteTimeout();
    const outcome = outcomes[code];
    if (outcome.flag === 'UT' && this.demands?.answersTimeoutWith204 && !this.responseHeadSent) {
      return this.replyAs({ status: 204, details: outcome.details, flag: outcome.flag }, outcome);
    }
    if (this.responseHeadSent || outcome.status === 0) {
      this.info.raise(outcome.flag);
      return this.end(outcome, false);
    }
    this.replyAs(replyOf(outcome), outcome);
  }

  protected replyAs(reply: LocalReply, outcome: Outcome): void {
    // What the upstream would still say is of no interest.
    this.upstream?.release();
    this.info.details = reply.details;
    this.info.raise(reply.flag ?? outcome.flag);
    this.state = 'responding';
    const mapped = this.config.mapLocalReply?.(reply, this);
    const { head, body } = renderLocalReply(this.request, mapped?.reply ?? reply);
    if (mapped) for (const rule of mapped.rules) rule(head, this);
    this.endsConnection = outcome.closesDownstream;
    this.sendHead(head);
    if (this.isOver()) return;
    if (body.length > 0) {
      this.info.bytesSent += body.length;
      this.codec.writeData(body, 0, body.length, false);
    }
    this.codec.writeEnd(undefined);
    this.end(outcome, true);
  }

  protected sendHead(head: ResponseHead): void {
    this.response = head;
    this.info.status = head.status;
    this.manager.conditionResponse(head, this.request);
    this.route?.changeResponse?.(head, this.info, this.request);
    const filters = this.filters;
    for (let index = this.nextFilter - 1; index >= 0; index -= 1) {
      filters[index]?.onResponse?.(this);
      if (this.isOver()) return;
    }
    this.responseHeadSent = true;
    this.statistics.byClass[(head.status / 100) | 0]?.add();
    this.codec.writeHead(head);
  }

  completeTransformed(): void {
    this.codec.writeEnd(this.info.hasTrailersInBody ? undefined : this.info.responseTrailers);
    this.end(outcomes.completed, true);
    if (this.info.protocol === 'HTTP/2') this.engine.specimens.http2 = this;
    else this.engine.specimens.http1 = this;
  }

  protected endTunnelHalf(): void {
    this.tunnelEnds += 1;
    if (this.tunnelEnds < 2) return;
    this.upstream?.completeTunnel();
    this.end(outcomes.completed, true);
  }

  protected end(outcome: Outcome, intact: boolean): void {
    if (this.state === 'ended') return;
    if (this.state === 'tunnel') {
      this.statistics.upgradesActive -= 1;
      this.engine.activeTunnels -= 1;
    }
    this.state = 'ended';
    const { info } = this;
    info.endAt = this.engine.turn.now();
    if (info.details === '') info.details = outcome.details;
    this.upstream?.release();
    this.transform?.close();
    this.body?.close();
    countEnded(this.statistics, this, outcome, this.responseHeadSent);
    if (this.route?.isCounted) countRouted(this.route, this, outcome, this.engine);
    tellFilters(this, this.filters, this.nextFilter, outcome, this.engine);
    writeAccessLogs(this, this.config.accessLogs, outcome, this.engine);
    if (this.span) this.manager.tracing?.end(this, this.span, outcome);
    this.engine.activeStreams -= 1;
    this.codec.finish(intact && !outcome.closesDownstream);
    this.giveBackResponse();
    this.engine.onQuieter();
  }

  /** Its connection makes another response of it, so that nobody may look at it any more. */
  protected giveBackResponse(): void {
    const { response } = this;
    if (!response?.home) return;
    this.response = undefined;
    response.home.giveBack(response);
  }
}
