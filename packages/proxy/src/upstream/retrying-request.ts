/**
 * What the router does for a stream whose route, request or cluster asks for more than one plain try: tries again
 * after failures and bad answers, sends a second beside one that is late, and copies to mirrors. Only streams that
 * need it have one of these.
 *
 *     trying ⇄ waiting → answered → over        waiting: until the next try may begin
 *     trying → over                             nobody has answered
 *
 * Nothing is tried again once an answer has been accepted.
 */
import type { Buffer } from 'node:buffer';
import type { Host, PickContext } from '@sluice/balancing';
import type { ResponseHead, Trailers } from '@sluice/http';
import type { Timer } from '@sluice/kernel';
import type { TunnelKind } from '../codec.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { Sweepable } from '../sweep.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { ClusterRuntime } from './cluster-runtime.ts';
import { KeptBody } from './kept-body.ts';
import type { PriorityPools } from './priority-pools.ts';
import { wantsRetryOfFailure, wantsRetryOfResponse } from './retry-rule.ts';
import { RetryState } from './retry-state.ts';
import type { RetryStatistics } from './retry-statistics.ts';
import type { TryPlan } from './try-plan.ts';
import { earliestDeadline, overdueAttempt } from './try-deadlines.ts';
import type { UpstreamContext } from './upstream-context.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Ends that say how long a try took. */
const timeouts: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>(['upstream-per-try-timeout', 'upstream-per-try-idle-timeout']);

export class RetryingRequest implements UpstreamSide, AttemptOwner, Sweepable {
  deadline = Number.POSITIVE_INFINITY;
  sweepIndex = -1;
  readonly #owner: UpstreamRequestOwner;
  readonly #cluster: ClusterRuntime;
  readonly #context: UpstreamContext;
  readonly #pools: PriorityPools;
  readonly #plan: TryPlan;
  readonly #tunnel: TunnelKind | undefined;
  readonly #firstPick: PickContext;
  readonly #statistics: RetryStatistics;
  readonly #retries: RetryState | undefined;
  /** Undefined for a request without a body, and once an answer has been accepted. */
  #body: KeptBody | undefined;
  #isRequestDone: boolean;
  /** Tries under way; several only when one is late and has company. */
  #live: Attempt[] = [];
  /** The one whose answer has been accepted. */
  #winner: Attempt | undefined;
  /** Until the next try. */
  #backOff: Timer | undefined;
  #isOver = false;
  #tries = 0;
  /** The host was named after an endpoint. */
  #isRewritten = false;
  readonly #triedHosts = new Map<string, Host>();
  #lastTried: string | undefined;
  #excludedPriorities: ReadonlySet<number> | undefined;

  constructor(owner: UpstreamRequestOwner, cluster: ClusterRuntime, context: UpstreamContext, pools: PriorityPools, plan: TryPlan, tunnel: TunnelKind | undefined, firstPick: PickContext) {
    this.#owner = owner;
    this.#cluster = cluster;
    this.#context = context;
    this.#pools = pools;
    this.#plan = plan;
    this.#tunnel = tunnel;
    this.#firstPick = firstPick;
    this.#statistics = cluster.statistics.retrying();
    const { retry } = plan;
    const mayRetry = retry !== undefined && (retry.requestTests.length === 0 || retry.requestTests.some((test) => test(owner.request)));
    this.#retries = mayRetry ? new RetryState(retry, pools.breaker, this.#statistics, context.random) : undefined;
    this.#isRequestDone = owner.request.framing === 'none' && !tunnel;
    if (owner.request.framing !== 'none') this.#body = new KeptBody(this.#wantsBody ? plan.bodyBytesMax : 0);
  }

  get request() {
    return this.#owner.request;
  }

  get info(): StreamInfo {
    return this.#owner.info;
  }

  now(): number {
    return this.#context.turn.now();
  }

  start(): void {
    this.#context.sweep.add(this);
    if (this.#isRequestDone) this.#mirror();
    this.#try('no');
  }

  // — tries —

  #try(isTimeoutRetry: 'yes' | 'no'): void {
    this.#tries += 1;
    this.#plan.announce(this.request, this.#tries, isTimeoutRetry === 'yes', this.#elapsedMs());
    const attempt = new Attempt(this);
    attempt.upstream = new UpstreamRequest(attempt, this.#cluster, this.#context, this.#pools, this.#tunnel, this.#pickContext(), { owner: attempt, body: this.#body });
    this.#live.push(attempt);
    attempt.upstream.start();
  }

  /** The next try, when its time has come: from outside of any turn. */
  #tryLater(delayMs: number, isTimeoutRetry: 'yes' | 'no'): void {
    const { turn, timers } = this.#context;
    this.#backOff = timers.after(delayMs, () => {
      turn.enter();
      try {
        this.#backOff = undefined;
        if (!this.#isOver) this.#try(isTimeoutRetry);
      } catch (error) {
        this.onAttemptCrash(error);
      } finally {
        turn.leave();
      }
    });
  }

  #pickContext(): PickContext {
    const { retry } = this.#plan;
    if (!retry || this.#tries === 1) return this.#firstPick;
    const { hostTests, hostSelectionTriesMax, priorityUpdateFrequency } = retry;
    if (priorityUpdateFrequency !== undefined && this.#triedHosts.size > 0 && (this.#tries - 1) % priorityUpdateFrequency === 0) {
      this.#excludedPriorities = new Set([...this.#triedHosts.values()].map((host) => host.endpoint.priority));
    }
    const avoids = hostTests.length === 0 ? undefined : (host: Host) => hostTests.some((test) => test(host, this.#triedHosts));
    return { ...this.#firstPick, avoids, lastTried: this.#lastTried, hostSelectionTriesMax, excludedPriorities: this.#excludedPriorities };
  }

  /** Whether anybody may want it again. */
  get #wantsBody(): boolean {
    return this.#retries !== undefined || this.#plan.mirrors.length > 0;
  }

  #abandonBody(body: KeptBody): void {
    body.abandon();
    if (this.#wantsBody) this.#statistics.abandoned.add();
  }

  /** Whether another try could be sent: all that has come of the request is still here. */
  get #canRepeat(): boolean {
    return this.#winner === undefined && (this.#body?.isWhole ?? true);
  }

  #drop(attempt: Attempt): void {
    const { host } = attempt.upstream;
    if (host) this.#noteTried(host);
    this.#live = this.#live.filter((other) => other !== attempt);
    attempt.upstream.release();
  }

  #noteTried(host: Host): void {
    this.#triedHosts.set(host.key, host);
    this.#lastTried = host.key;
  }

  /** Takes a try and begins it after `delayMs`. False, and the reason among the stream's flags, when there is none to take. */
  #retry(isTimeoutRetry: 'yes' | 'no', head: ResponseHead | undefined): boolean {
    const verdict = this.#retries?.take();
    if (verdict === 'again') {
      this.#tryLater(this.#retries?.backOffMs(head, this.#context.turn) ?? 0, isTimeoutRetry);
      return true;
    }
    if (verdict === 'exhausted') this.info.raise('URX');
    if (verdict === 'overflow') this.info.raise('UO');
    return false;
  }

  // — what tries say —

  onAttemptHead(_attempt: Attempt, host: Host): void {
    this.#noteTried(host);
    this.#plan.rewriteToEndpoint?.(this.request, host.endpoint.hostname, !this.#isRewritten);
    this.#isRewritten = true;
    this.#schedule();
  }

  onAttemptReady(_attempt: Attempt): void {
    this.#owner.onUpstreamReady();
  }

  onAttemptInformational(attempt: Attempt, head: ResponseHead): void {
    if (attempt === this.#live[0]) this.#owner.onInformational(head);
  }

  onAttemptResponse(attempt: Attempt, head: ResponseHead): void {
    const { retry } = this.#plan;
    if (retry && this.#retries && this.#canRepeat && wantsRetryOfResponse(retry, head)) {
      // One that is late and has company has been tried again already.
      const isRetried = !attempt.isHedged && this.#retry('no', head);
      if (isRetried || this.#live.length > 1 || this.#backOff !== undefined) {
        this.#statistics.countRetried(head.status);
        return this.#drop(attempt);
      }
    } else {
      this.#retries?.settle();
    }
    this.#accept(attempt);
    this.#cluster.statistics.countResponse(head.status);
    this.#owner.onResponseHead(head);
  }

  onAttemptTunnel(attempt: Attempt, head: ResponseHead): void {
    this.#retries?.settle();
    this.#accept(attempt);
    this.#owner.onTunnelHead(head);
  }

  /** From here on the stream is this try's. */
  #accept(attempt: Attempt): void {
    this.#winner = attempt;
    this.#backOff?.cancel();
    this.#backOff = undefined;
    for (const other of this.#live) if (other !== attempt) other.upstream.release();
    this.#live = [attempt];
    this.#retries?.release();
    if (attempt.host) this.info.upstreamHost = attempt.host.key;
    this.info.upstreamStartAt = attempt.readyAt;
    // An answer before the end of the request: the rest goes to whoever gave it, and to mirrors.
    if (this.#plan.mirrors.length === 0 || this.#isRequestDone) this.#body?.abandon();
    this.#schedule();
  }

  onAttemptData(_attempt: Attempt, memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    this.#owner.onResponseData(memory, start, end, mayBorrow);
  }

  onAttemptEnd(_attempt: Attempt, trailers: Trailers | undefined): void {
    this.#owner.onResponseEnd(trailers);
  }

  onAttemptDrain(_attempt: Attempt): void {
    this.#owner.onUpstreamDrain();
  }

  onAttemptTunnelEnd(_attempt: Attempt): void {
    this.#owner.onUpstreamTunnelEnd();
  }

  onAttemptFailure(attempt: Attempt, code: OutcomeCode, reason: string): void {
    if (attempt === this.#winner) return this.#owner.onUpstreamFailure(code, reason);
    this.#drop(attempt);
    const { retry } = this.#plan;
    if (retry && this.#canRepeat && !attempt.isHedged && wantsRetryOfFailure(retry, code, attempt.readyAt > 0)) {
      if (this.#retry(timeouts.has(code) ? 'yes' : 'no', undefined)) return;
    }
    // Somebody else may still answer.
    if (this.#live.length > 0 || this.#backOff !== undefined) return;
    this.#owner.onUpstreamFailure(code, reason);
  }

  onAttemptCrash(error: unknown): void {
    this.#owner.onUpstreamCrash(error);
  }

  // — the request —

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    const ready = this.#live.filter(({ upstream }) => upstream.isReady);
    const body = this.#body;
    if (body?.isWhole) {
      if (ready.length === 0 || body.hasRoomFor(end - start)) body.append(memory, start, end);
      else this.#abandonBody(body);
    }
    // Between two tries it is kept, however long it is, and no more of it is asked for.
    if (ready.length === 0) return false;
    let mayGoOn = true;
    for (const { upstream } of ready) if (!upstream.writeData(memory, start, end, mayBorrow)) mayGoOn = false;
    return mayGoOn;
  }

  writeEnd(trailers: Trailers | undefined): void {
    this.#isRequestDone = true;
    this.#body?.complete(trailers);
    for (const { upstream } of this.#live) if (upstream.isReady) upstream.writeEnd(trailers);
    this.#mirror();
    if (this.#winner) this.#body?.abandon();
    this.#schedule();
  }

  endTunnel(): void {
    this.#winner?.upstream.endTunnel();
  }

  completeTunnel(): void {
    this.#winner?.upstream.completeTunnel();
  }

  pauseResponse(): void {
    this.#winner?.upstream.pauseResponse();
  }

  resumeResponse(): void {
    this.#winner?.upstream.resumeResponse();
  }

  #mirror(): void {
    for (const mirror of this.#plan.mirrors) mirror.send(this.request, this.#body, this.info, this.#context);
  }

  // — time —

  /** Since the end of the request, 0 before: there the timeout of the whole begins, as in Envoy, whose upstreams hear what of it is left. */
  #elapsedMs(): number {
    const { requestEndAt } = this.info;
    return requestEndAt === 0 ? 0 : this.now() - requestEndAt;
  }

  #schedule(): void {
    this.deadline = this.#isOver ? Number.POSITIVE_INFINITY : earliestDeadline(this.#live, this.#winner, this.#plan, this.#requestDoneAt());
  }

  #requestDoneAt(): number {
    return this.#isRequestDone ? this.info.requestEndAt : Number.POSITIVE_INFINITY;
  }

  onDeadline(now: number): void {
    for (const attempt of this.#live) {
      const code = overdueAttempt(attempt, this.#winner, this.#plan, this.#requestDoneAt(), now);
      if (code) this.#onLate(attempt, code);
      if (this.#isOver) return;
    }
    this.#schedule();
  }

  #onLate(attempt: Attempt, code: OutcomeCode): void {
    this.#cluster.statistics.countEnd(outcomes[code]);
    attempt.upstream.observeTimeout();
    if (code === 'upstream-per-try-timeout' && this.#plan.hedges && this.#retries && this.#canRepeat) {
      attempt.isHedged = true;
      const verdict = this.#retries.take();
      if (verdict === 'again') return this.#try('yes');
      return this.info.raise(verdict === 'exhausted' ? 'URX' : 'UO');
    }
    attempt.upstream.release();
    this.onAttemptFailure(attempt, code, outcomes[code].details);
  }

  noteTimeout(): void {
    for (const { upstream } of this.#live) upstream.noteTimeout();
  }

  onCrash(error: unknown): void {
    this.#owner.onUpstreamCrash(error);
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#context.sweep.remove(this);
    this.#backOff?.cancel();
    this.#backOff = undefined;
    this.#retries?.release();
    for (const { upstream } of this.#live) upstream.release();
    this.#live = [];
    this.#body?.abandon();
  }
}
