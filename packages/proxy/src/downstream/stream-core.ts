/**
 * What a stream is made of: its state, what it works with and what it has found out, and the few things that all its parts do. The
 * parts stand on each other, one object in all: `answering-stream.ts` ends it, `filtered-stream.ts` asks the filters, `active-stream.ts` pumps.
 *
 *     filters → (waiting → filters)* → forwarding → responding → ended
 *                                      forwarding → tunnel     → ended
 *     any → ended
 */
import type { Buffer } from 'node:buffer';
import type { PreferredHost } from '@sluice/balancing';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { CreateTransform } from '../body-transform.ts';
import type { DownstreamCodec } from '../codec.ts';
import type { Applied, Engine } from '../engine.ts';
import type { FilterVerdict } from '../filters/filter-verdict.ts';
import type { HttpFilter } from '../filters/filter.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { RouteMatch, RouteTable } from '../route-match.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { BufferExtent, LocalReply, Stream } from '../stream.ts';
import type { OpenSpan } from '../tracing/describe-span.ts';
import type { RequestDemands } from '../upstream/request-demands.ts';
import type { UpstreamSide } from '../upstream/upstream-side.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { RequestBody } from './request-body.ts';
import { countBegun } from './stream-end.ts';
import type { TransformedBody } from './transformed-body.ts';

export type StreamState = 'filters' | 'waiting' | 'forwarding' | 'responding' | 'tunnel' | 'ended';

export abstract class StreamCore implements Stream {
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
  protected readonly engine: Engine;
  protected applied: Applied;
  routes: RouteTable | undefined;
  protected readonly manager: ConnectionManager;
  protected readonly config: ConnectionManagerConfig;
  protected readonly statistics: DownstreamStatistics;
  protected readonly codec: DownstreamCodec;
  /** The chain that serves this stream. */
  protected filters: readonly HttpFilter[];
  protected state: StreamState = 'filters';
  /** The next filter to ask, which is also how many have been asked. */
  protected nextFilter = 0;
  /** `continueRequest` was called from within `onRequest`, before the filter could answer `wait`. */
  protected continued = false;
  protected upstream: UpstreamSide | undefined;
  /** What the request itself asks of the router. */
  protected demands: RequestDemands | undefined;
  /** The request's body, where a filter wants to see or to change it before it goes on. */
  protected body: RequestBody | undefined;
  protected transform: TransformedBody | undefined;
  protected requestDone = false;
  protected responseHeadSent = false;
  /** Of a request that is traced. */
  protected span: OpenSpan | undefined;
  protected upgrade = '';
  protected expectsContinue = false;
  /** The upstream asks for the body, and its client hears it. */
  protected passesExpect = false;
  /** Both directions of a tunnel end on their own. */
  protected tunnelEnds = 0;
  /** Something last happened, for `stream_idle_timeout`; precise to the sweep. */
  lastActivityAt: number;
  /** When the next line is due of a stream that lasts. */
  nextLogAt = Number.POSITIVE_INFINITY;

  constructor(engine: Engine, manager: ConnectionManager, codec: DownstreamCodec, request: RequestHead, info: StreamInfo) {
    this.engine = engine;
    this.applied = engine.current;
    this.manager = manager;
    this.config = manager.config;
    this.routes = manager.config.routes;
    this.filters = manager.config.filters;
    this.statistics = manager.statistics;
    this.codec = codec;
    this.request = request;
    this.info = info;
    this.lastActivityAt = engine.turn.now();
    this.durationMaxMs = manager.config.streamDurationMaxMs;
    engine.activeStreams += 1;
    countBegun(this.statistics, this);
  }

  get isActive(): boolean {
    return this.state !== 'ended';
  }

  get clientHost(): string {
    return (this.info.client ?? this.info.downstreamRemote).host;
  }

  get hasRequestBody(): boolean {
    return this.request.framing !== 'none';
  }

  get isRequestDone(): boolean {
    return this.requestDone;
  }

  get isTunnel(): boolean {
    return this.state === 'tunnel';
  }

  get isHalfClosed(): boolean {
    return this.tunnelEnds === 1;
  }

  /** For calls of filters, which may come at any time. */
  inTurn(work: () => void): void {
    this.engine.turn.enter();
    try {
      work();
    } catch (error) {
      this.crash(error);
    } finally {
      this.engine.turn.leave();
    }
  }

  /** The state, past what the compiler believes to know: a filter may have ended the stream. */
  protected isOver(): boolean {
    return this.state === 'ended';
  }

  protected endRequest(): void {
    this.requestDone = true;
    this.info.requestEndAt = this.engine.turn.now();
  }

  protected askForBody(): void {
    if (!this.expectsContinue) return;
    this.expectsContinue = false;
    this.codec.writeContinue();
  }

  abstract continueRequest(): void;
  abstract bufferRequest(bytesMax: number, extent?: BufferExtent): FilterVerdict;
  abstract readonly bufferedBody: Buffer;
  abstract clearRouteCache(): void;
  abstract adoptConfig(): void;
  abstract reply(reply: LocalReply): void;
  abstract transformResponse(create: CreateTransform): boolean;
  abstract transformRequest(create: CreateTransform): boolean;
  abstract reset(code: OutcomeCode): void;
  abstract crash(error: unknown): void;
}
