/**
 * The pump of one exchange: from the client through the filters to the upstream and back, with back-pressure
 * both ways, until it ends: exactly once, with one outcome.
 *
 *     filters → (waiting → filters)* → forwarding → responding → ended
 *                                      forwarding → tunnel     → ended
 *     any → ended
 */
import { Buffer } from 'node:buffer';
import { Known, ResponseHead, type RequestHead, type Trailers } from '@sluice/http';
import type { PreferredHost } from '@sluice/balancing';
import type { Address } from '@sluice/kernel';
import type { AccessLogOptions } from '@sluice/resources';
import type { CreateTransform } from '../body-transform.ts';
import type { DownstreamCodec, DownstreamEvents } from '../codec.ts';
import type { Applied, Engine } from '../engine.ts';
import type { HttpFilter } from '../filters/filter.ts';
import type { FilterVerdict } from '../filters/filter-verdict.ts';
import type { RouterFilter } from '../filters/router/router-filter.ts';
import { outcomes, type Outcome, type OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig, ProxyConfig } from '../proxy-config.ts';
import type { RouteMatch, RouteTable } from '../route-match.ts';
import { expectedTimeoutMs, streamDurationMs } from '../router/stream-duration.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import { StreamInfo } from '../stream-info.ts';
import type { BufferExtent, LocalReply, Stream } from '../stream.ts';
import type { OpenSpan } from '../tracing/describe-span.ts';
import { findCluster } from '../upstream/aggregate-choice.ts';
import { openPlain, openTries } from '../upstream/open-upstream.ts';
import { takeDemands, type RequestDemands } from '../upstream/request-demands.ts';
import type { UpstreamRequestOwner } from '../upstream/upstream-request.ts';
import type { UpstreamSide } from '../upstream/upstream-side.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { replyByRoute, replyToBadDemand, replyWithoutCluster, routerOf, tunnelKindOf } from './forwarding.ts';
import { renderLocalReply, replyOf } from './local-reply.ts';
import type { RequestConditions } from './request-conditions.ts';
import { keepsConnection, replyToRefusal } from './refusal.ts';
import { RequestBody, type RequestBodyOwner } from './request-body.ts';
import { countBegun, countEnded, countRouted, tellFilters, writeAccessLogs, writeEarlyLogs } from './stream-end.ts';
import { TransformedBody, type TransformOwner } from './transformed-body.ts';

const noBytes = Buffer.alloc(0);
/** Flags of ends that say why also when the response had begun. */
const timeouts: ReadonlySet<string> = new Set(['UT', 'UMSDR']);

/** Envoy's `per_connection_buffer_limit_bytes`. */
const defaultBufferBytesMax = 1_048_576;

type State = 'filters' | 'waiting' | 'forwarding' | 'responding' | 'tunnel' | 'ended';

export class ActiveStream implements Stream, DownstreamEvents, UpstreamRequestOwner, TransformOwner, RequestBodyOwner {
  readonly info: StreamInfo;
  readonly request: RequestHead;
  response: ResponseHead | undefined = undefined;
  route: RouteMatch | undefined = undefined;
  overrideHost: Address | undefined = undefined;
  preferredHost: PreferredHost | undefined = undefined;
  slots: unknown[] | undefined = undefined;
  /** Of the route, or of the request itself; 0 for none. Known once it is forwarded. */
  timeoutMs = 0;
  durationMaxMs: number;
  forwardedAt = 0;
  /** It is answered here, and in a way that leaves its connection of no use. */
  endsConnection = false;
  readonly #engine: Engine;
  #applied: Applied;
  routes: RouteTable | undefined;
  readonly #manager: ConnectionManager;
  readonly #config: ConnectionManagerConfig;
  readonly #statistics: DownstreamStatistics;
  readonly #codec: DownstreamCodec;
  /** The chain that serves this stream. */
  #filters: readonly HttpFilter[];
  #state: State = 'filters';
  /** The next filter to ask, which is also how many have been asked. */
  #nextFilter = 0;
  /** `continueRequest` was called from within `onRequest`, before the filter could answer `wait`. */
  #continued = false;
  #upstream: UpstreamSide | undefined;
  /** What the request itself asks of the router. */
  #demands: RequestDemands | undefined;
  /** The request's body, where a filter wants to see or to change it before it goes on. */
  #body: RequestBody | undefined;
  #transform: TransformedBody | undefined;
  #requestDone = false;
  #responseHeadSent = false;
  /** Of a request that is traced. */
  #span: OpenSpan | undefined;
  #upgrade = '';
  #expectsContinue = false;
  /** The upstream asks for the body, and its client hears it. */
  #passesExpect = false;
  /** Both directions of a tunnel end on their own. */
  #tunnelEnds = 0;
  /** Something last happened, for `stream_idle_timeout`; precise to the sweep. */
  lastActivityAt: number;
  /** When the next line is due of a stream that lasts. */
  nextLogAt = Number.POSITIVE_INFINITY;

  constructor(engine: Engine, manager: ConnectionManager, codec: DownstreamCodec, request: RequestHead, info: StreamInfo) {
    this.#engine = engine;
    this.#applied = engine.current;
    this.#manager = manager;
    this.#config = manager.config;
    this.routes = manager.config.routes;
    this.#filters = manager.config.filters;
    this.#statistics = manager.statistics;
    this.#codec = codec;
    this.request = request;
    this.info = info;
    this.lastActivityAt = engine.turn.now();
    this.durationMaxMs = manager.config.streamDurationMaxMs;
    engine.activeStreams += 1;
    countBegun(this.#statistics, this);
  }

  get isActive(): boolean {
    return this.#state !== 'ended';
  }

  get clientHost(): string {
    return (this.info.client ?? this.info.downstreamRemote).host;
  }

  get hasRequestBody(): boolean {
    return this.request.framing !== 'none';
  }

  get isRequestDone(): boolean {
    return this.#requestDone;
  }

  get isTunnel(): boolean {
    return this.#state === 'tunnel';
  }

  get isHalfClosed(): boolean {
    return this.#tunnelEnds === 1;
  }

  /** From the request head on. */
  start(conditions: RequestConditions): void {
    this.#upgrade = conditions.upgrade;
    this.#expectsContinue = conditions.expectsContinue;
    this.#passesExpect = conditions.passesExpect;
    if (this.request.framing === 'none' && this.#upgrade === '') this.#endRequest();
    else this.#codec.holdBody();
    if (conditions.refusal) return this.#refuse(conditions.refusal, conditions);
    const { overload } = this.#engine;
    if (overload.refusedRequests > 0 && overload.draws(overload.refusedRequests)) return this.fail('overload');
    this.#findRoute();
    const { tracing } = this.#manager;
    if (tracing) this.#span = tracing.begin(this);
    if (this.#config.logOccasions) this.#startLogging(this.#config.logOccasions);
    const filterSwitches = this.route?.filterSwitches;
    if (filterSwitches && this.#config.filtersFor) this.#filters = this.#config.filtersFor(filterSwitches);
    this.#runFilters();
  }

  #refuse(code: OutcomeCode, conditions: RequestConditions): void {
    const outcome = keepsConnection(code, this.request, this.#config) ? { ...outcomes[code], closesDownstream: false } : outcomes[code];
    this.#replyAs(replyToRefusal(code, this.request, conditions), outcome);
  }

  #startLogging({ logsNewRequests, flushIntervalMs }: AccessLogOptions): void {
    if (logsNewRequests) writeEarlyLogs(this, this.#config.accessLogs, 'DownstreamStart', this.#engine);
    if (flushIntervalMs > 0) this.nextLogAt = this.info.startAt + flushIntervalMs;
  }

  /** Lines of streams that last, where they are wanted. */
  logWhileOpen(now: number): void {
    if (now < this.nextLogAt) return;
    writeEarlyLogs(this, this.#config.accessLogs, 'DownstreamPeriodic', this.#engine);
    this.nextLogAt = now + (this.#config.logOccasions?.flushIntervalMs ?? 0);
  }

  #findRoute(): void {
    const route = this.routes?.match(this.request, this.#engine.random, this);
    this.route = route;
    this.info.routeName = route?.routeName ?? '';
    this.info.virtualHostName = route?.virtualHostName ?? '';
    if (route?.kindOf) this.info.virtualClusterName = route.kindOf(this.request)?.name ?? '';
    const duration = route?.streamDuration;
    if (duration) this.durationMaxMs = streamDurationMs(duration, this.request, this.#config.streamDurationMaxMs);
  }

  // — filters —

  continueRequest(): void {
    if (this.#state === 'filters') this.#continued = true;
    if (this.#state !== 'waiting' || this.#body?.isFilling) return;
    this.#state = 'filters';
    this.inTurn(() => {
      this.#runFilters();
      this.#codec.lookAgain();
    });
  }

  bufferRequest(bytesMax: number, extent: BufferExtent = 'whole'): FilterVerdict {
    if (this.request.framing === 'none') return 'continue';
    this.#body ??= new RequestBody(this, this.#codec, this.#filters);
    const answer = this.#body.keep(bytesMax, extent, this.#nextFilter);
    if (answer === 'wait') return 'wait';
    if (answer === 'kept') return 'continue';
    this.fail('body-too-large');
    return 'replied';
  }

  get bufferedBody(): Buffer {
    return this.#body?.kept ?? noBytes;
  }

  transformResponse(create: CreateTransform): boolean {
    if (this.info.responseStartAt === 0 || this.#responseHeadSent) return false;
    this.#transform ??= new TransformedBody(this);
    this.#transform.append(create);
    return true;
  }

  transformRequest(create: CreateTransform): boolean {
    if (this.request.framing === 'none' || this.#state !== 'filters') return false;
    this.#body ??= new RequestBody(this, this.#codec, this.#filters);
    this.#body.transformBy(create);
    return true;
  }

  clearRouteCache(): void {
    this.#findRoute();
  }

  adoptConfig(): void {
    this.#applied = this.#engine.current;
    this.routes = newestRoutes(this.#config, this.#applied.config);
    this.#findRoute();
  }

  reply(reply: LocalReply): void {
    if (this.#state === 'ended' || this.#responseHeadSent) return;
    this.inTurn(() => this.#replyAs(reply, outcomes['filter-reply']));
  }

  reset(code: OutcomeCode): void {
    this.inTurn(() => this.fail(code));
  }

  /** For calls of filters, which may come at any time. */
  inTurn(work: () => void): void {
    this.#engine.turn.enter();
    try {
      work();
    } catch (error) {
      this.crash(error);
    } finally {
      this.#engine.turn.leave();
    }
  }

  #runFilters(): void {
    const filters = this.#filters;
    while (this.#nextFilter < filters.length) {
      const filter = filters[this.#nextFilter];
      this.#nextFilter += 1;
      if (!filter?.onRequest) continue;
      this.#continued = false;
      const verdict = filter.onRequest(this);
      if (this.#isOver()) return;
      if (verdict === 'wait' && !this.#continued) return this.#wait();
    }
    this.#forward();
  }

  onBodyKept(seenBy: number): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'filters';
    this.inTurn(() => {
      this.#continued = false;
      const verdict = this.#filters[seenBy - 1]?.onRequestBody?.(this);
      if (this.#isOver()) return;
      if (verdict === 'wait' && !this.#continued) return this.#wait();
      this.#runFilters();
      this.#codec.lookAgain();
    });
  }

  /** A body that is to be kept here must come before anybody upstream asks for it. */
  #wait(): void {
    this.#state = 'waiting';
    if (!this.#body?.isFilling) return;
    this.#askForBody();
    this.#codec.releaseBody();
  }

  #askForBody(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#codec.writeContinue();
  }

  /** The state, past what the compiler believes to know: a filter may have ended the stream. */
  #isOver(): boolean {
    return this.#state === 'ended';
  }

  #forward(): void {
    this.#statistics.routedRequests.add();
    const action = this.route?.action;
    if (!action) return this.fail('no-route');
    if (action.kind !== 'forward') return this.#replyAs(replyByRoute(action, this), outcomes[action.kind === 'redirect' ? 'redirected' : 'direct-response']);
    this.info.clusterName = action.clusterName;
    const cluster = findCluster(this.#applied.clusters, action.clusterName);
    if (!cluster) return this.#replyAs(replyWithoutCluster(action), outcomes['no-cluster']);
    if (this.#upgrade !== '' && !(action.upgrades.get(this.#upgrade) ?? this.#config.upgrades.includes(this.#upgrade))) return this.fail('upgrade-refused');
    this.#state = 'forwarding';
    this.forwardedAt = this.#engine.turn.now();
    this.info.clusterMetadata = cluster.config.resource.metadata;
    // As the client has sent it: what is changed below must not move it.
    const hash = (cluster.config.hash ?? action.hash)?.(this);
    this.route?.changeRequest?.(this.request, this.info);
    this.timeoutMs = action.timeoutMs;
    const router = routerOf(this.#filters);
    if ((this.request.known & Known.envoyDemand) !== 0 && !this.#heedDemands(router)) return;
    if (router?.respectsExpectedTimeout) this.timeoutMs = expectedTimeoutMs(this.request, this.timeoutMs);
    const tunnel = tunnelKindOf(this.#upgrade, action);
    if (action.tries || this.#demands || cluster.asksForTries) {
      const { bufferBytesMax = defaultBufferBytesMax } = this.#config;
      const wish = { action, cluster, clusters: this.#applied.clusters, demands: this.#demands, timeoutMs: this.timeoutMs, tunnel, hash, router, bufferBytesMax };
      this.#upstream = openTries(this, wish, this.#engine);
    } else {
      router?.announceTimeout(this.request, this.timeoutMs);
      this.#upstream = openPlain(this, cluster, action, tunnel, hash, this.#engine);
    }
    this.#upstream.start();
  }

  /** What the request asks of the router counts before what is configured. False when it asked badly and was refused. */
  #heedDemands(router: RouterFilter | undefined): boolean {
    const demands = takeDemands(this.request);
    this.#demands = demands;
    this.timeoutMs = demands.timeoutMs ?? this.timeoutMs;
    const refusal = replyToBadDemand(demands, router);
    if (refusal) this.#replyAs(refusal, outcomes['invalid-demand']);
    return refusal === undefined;
  }

  // — what the client's side says —

  onRequestData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    if (this.#state === 'ended') return;
    this.info.bytesReceived += end - start;
    this.lastActivityAt = this.#engine.turn.now();
    if (this.#body) return this.#body.write(memory, start, end, mayBorrow);
    for (const filter of this.#filters) filter.onRequestData?.(this, memory.subarray(start, end));
    if (this.#isOver() || !this.#upstream) return;
    if (!this.#upstream.writeData(memory, start, end, mayBorrow)) this.#codec.pauseBody();
  }

  onRequestEnd(trailers: Trailers | undefined): void {
    if (this.#state === 'ended') return;
    this.#endRequest();
    if (trailers) for (const filter of this.#filters) filter.onRequestTrailers?.(this, trailers);
    if (this.#body) this.#body.end(trailers);
    else this.#upstream?.writeEnd(trailers);
  }

  sendBody(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    return this.#upstream?.writeData(memory, start, end, mayBorrow) ?? true;
  }

  endBody(trailers: Trailers | undefined): void {
    this.#upstream?.writeEnd(trailers);
  }

  onDownstreamDrain(): void {
    this.lastActivityAt = this.#engine.turn.now();
    if (this.#transform) this.#transform.resume();
    else this.#upstream?.resumeResponse();
  }

  onDownstreamFailure(code: OutcomeCode): void {
    this.fail(code);
  }

  onClientEnd(): void {
    if (this.#state === 'waiting') this.#filters[this.#nextFilter - 1]?.onClientEnd?.(this);
  }

  onTunnelEnd(): void {
    this.onClientEnd();
    if (this.#isOver()) return;
    this.#upstream?.endTunnel();
    this.#endTunnelHalf();
  }

  // — what the upstream's side says —

  onUpstreamReady(): void {
    this.#askForBody();
    if (this.#body) return this.#body.release();
    // Bytes that a client sends before the switch are kept until it has happened.
    if (this.#upgrade === '' || this.request.framing !== 'none') this.#codec.releaseBody();
  }

  onInformational(head: ResponseHead): void {
    if (head.status === 100) {
      // It answers the client's wait, which has been answered here, unless that was left to the upstream.
      if (this.#passesExpect) this.#codec.writeContinue();
      this.#passesExpect = false;
      return;
    }
    head.removeKnown(Known.connection | Known.contentLength | Known.transferEncoding | Known.upgrade | Known.keepAlive);
    this.#codec.writeInformational(head);
  }

  onResponseHead(head: ResponseHead): void {
    const now = this.#engine.turn.now();
    this.info.responseStartAt = now;
    this.lastActivityAt = now;
    this.#state = 'responding';
    routerOf(this.#filters)?.reportServiceTime(head, now - this.info.upstreamStartAt);
    const { setCookies } = this.info;
    for (let index = 0; index < setCookies.length; index += 1) head.add('set-cookie', setCookies[index] as string);
    this.#sendHead(head);
  }

  onTunnelHead(head: ResponseHead): void {
    this.info.responseStartAt = this.#engine.turn.now();
    this.lastActivityAt = this.info.responseStartAt;
    this.response = head;
    this.info.status = head.status;
    this.#state = 'tunnel';
    this.#responseHeadSent = true;
    this.#statistics.upgrades.add();
    this.#statistics.upgradesActive += 1;
    this.#statistics.byClass[(head.status / 100) | 0]?.add();
    this.#codec.writeTunnelHead(head);
    if (this.#config.logOccasions?.logsTunnels === true) writeEarlyLogs(this, this.#config.accessLogs, 'DownstreamTunnelSuccessfullyEstablished', this.#engine);
    this.#codec.releaseBody();
  }

  onResponseData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    if (this.#state === 'ended') return;
    this.lastActivityAt = this.#engine.turn.now();
    const filters = this.#filters;
    for (let index = filters.length - 1; index >= 0; index -= 1) filters[index]?.onResponseData?.(this, memory.subarray(start, end));
    if (this.#transform) {
      if (!this.#transform.write(memory, start, end)) this.#upstream?.pauseResponse();
      return;
    }
    this.info.bytesSent += end - start;
    if (!this.#codec.writeData(memory, start, end, mayBorrow)) this.#upstream?.pauseResponse();
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    if (this.#state === 'ended') return;
    this.info.responseTrailers = trailers;
    if (trailers) this.#passResponseTrailers(trailers);
    if (this.#isOver()) return;
    if (this.#transform) {
      // It takes its time, and the connection that all this was read from may serve another meanwhile.
      this.response = this.response?.copy();
      this.info.responseTrailers = trailers?.copy();
      return this.#transform.end();
    }
    this.completeTransformed();
  }

  writeTransformed(bytes: Buffer): boolean {
    this.info.bytesSent += bytes.length;
    return this.#codec.writeData(bytes, 0, bytes.length, true);
  }

  #passResponseTrailers(trailers: Trailers): void {
    const filters = this.#filters;
    for (let index = filters.length - 1; index >= 0; index -= 1) filters[index]?.onResponseTrailers?.(this, trailers);
  }

  resumeSource(): void {
    this.#upstream?.resumeResponse();
  }

  completeTransformed(): void {
    this.#codec.writeEnd(this.info.hasTrailersInBody ? undefined : this.info.responseTrailers);
    this.#end(outcomes.completed, true);
    if (this.info.protocol === 'HTTP/2') this.#engine.specimens.http2 = this;
    else this.#engine.specimens.http1 = this;
  }

  onUpstreamDrain(): void {
    this.lastActivityAt = this.#engine.turn.now();
    this.#body?.resume();
    this.#codec.resumeBody();
  }

  onUpstreamTunnelEnd(): void {
    this.#codec.endTunnel();
    this.#endTunnelHalf();
  }

  onUpstreamFailure(code: OutcomeCode, reason: string): void {
    if (this.#state === 'ended') return;
    this.info.upstreamFailure = reason;
    if (!this.#responseHeadSent) return this.fail(code);
    if (timeouts.has(outcomes[code].flag)) return this.fail(code);
    if (code === 'upstream-remote-reset') return this.fail('upstream-reset-in-body');
    this.fail(code === 'upstream-protocol-error' ? 'upstream-body-error' : 'upstream-truncated');
  }

  onUpstreamCrash(error: unknown): void {
    this.crash(error);
  }

  // — replies and ends —

  /** A mistake in the program, a filter's most likely: this stream is over, without asking anyone any more. */
  crash(error: unknown): void {
    if (this.#state === 'ended') return;
    this.#engine.logger.error('stream crashed', { error });
    this.#end(outcomes['internal-error'], false);
  }

  /** Ends it with this outcome: by a reply when nothing has been sent and there is somebody to tell. */
  fail(code: OutcomeCode): void {
    if (this.#state === 'ended') return;
    if (code === 'upstream-timeout') this.#upstream?.noteTimeout();
    const outcome = outcomes[code];
    if (outcome.flag === 'UT' && this.#demands?.answersTimeoutWith204 && !this.#responseHeadSent) {
      return this.#replyAs({ status: 204, details: outcome.details, flag: outcome.flag }, outcome);
    }
    if (this.#responseHeadSent || outcome.status === 0) {
      this.info.raise(outcome.flag);
      return this.#end(outcome, false);
    }
    this.#replyAs(replyOf(outcome), outcome);
  }

  #replyAs(reply: LocalReply, outcome: Outcome): void {
    // What the upstream would still say is of no interest.
    this.#upstream?.release();
    this.info.details = reply.details;
    this.info.raise(reply.flag ?? outcome.flag);
    this.#state = 'responding';
    const mapped = this.#config.mapLocalReply?.(reply, this);
    const { head, body } = renderLocalReply(this.request, mapped?.reply ?? reply);
    if (mapped) for (const rule of mapped.rules) rule(head, this);
    this.endsConnection = outcome.closesDownstream;
    this.#sendHead(head);
    if (this.#isOver()) return;
    if (body.length > 0) {
      this.info.bytesSent += body.length;
      this.#codec.writeData(body, 0, body.length, false);
    }
    this.#codec.writeEnd(undefined);
    this.#end(outcome, true);
  }

  #sendHead(head: ResponseHead): void {
    this.response = head;
    this.info.status = head.status;
    this.#manager.conditionResponse(head, this.request);
    this.route?.changeResponse?.(head, this.info, this.request);
    const filters = this.#filters;
    for (let index = this.#nextFilter - 1; index >= 0; index -= 1) {
      filters[index]?.onResponse?.(this);
      if (this.#isOver()) return;
    }
    this.#responseHeadSent = true;
    this.#statistics.byClass[(head.status / 100) | 0]?.add();
    this.#codec.writeHead(head);
  }

  #endRequest(): void {
    this.#requestDone = true;
    this.info.requestEndAt = this.#engine.turn.now();
  }

  #endTunnelHalf(): void {
    this.#tunnelEnds += 1;
    if (this.#tunnelEnds < 2) return;
    this.#upstream?.completeTunnel();
    this.#end(outcomes.completed, true);
  }

  #end(outcome: Outcome, intact: boolean): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'tunnel') this.#statistics.upgradesActive -= 1;
    this.#state = 'ended';
    const { info } = this;
    info.endAt = this.#engine.turn.now();
    if (info.details === '') info.details = outcome.details;
    this.#upstream?.release();
    this.#transform?.close();
    this.#body?.close();
    countEnded(this.#statistics, this, outcome, this.#responseHeadSent);
    if (this.route?.isCounted) countRouted(this.route, this, outcome, this.#engine);
    tellFilters(this, this.#filters, this.#nextFilter, outcome, this.#engine);
    writeAccessLogs(this, this.#config.accessLogs, outcome, this.#engine);
    if (this.#span) this.#manager.tracing?.end(this, this.#span, outcome);
    this.#engine.activeStreams -= 1;
    this.#codec.finish(intact && !outcome.closesDownstream);
    this.#giveBackResponse();
    this.#engine.onQuieter();
  }

  /** Its connection makes another response of it, so that nobody may look at it any more. */
  #giveBackResponse(): void {
    const { response } = this;
    if (!response?.home) return;
    this.response = undefined;
    response.home.giveBack(response);
  }
}

/** The table of the same connection manager as it is now; the one it had where that has gone. */
function newestRoutes({ statPrefix, routes }: ConnectionManagerConfig, { listeners }: ProxyConfig): RouteTable | undefined {
  for (const { filterChains } of listeners.values()) {
    for (const { manager } of filterChains) if (manager?.statPrefix === statPrefix && manager.routes?.name === routes?.name) return manager.routes;
  }
  return routes;
}
