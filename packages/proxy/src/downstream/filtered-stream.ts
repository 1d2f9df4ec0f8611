/** From the request head to the last filter: the route, who is asked in which order, and what filters may do with bodies. */
import { Buffer } from 'node:buffer';
import type { Trailers } from '@sluice/http';
import type { AccessLogOptions } from '@sluice/resources';
import type { CreateTransform } from '../body-transform.ts';
import type { FilterVerdict } from '../filters/filter-verdict.ts';
import type { ConnectionManagerConfig, ProxyConfig } from '../proxy-config.ts';
import type { RouteTable } from '../route-match.ts';
import { streamDurationMs } from '../router/stream-duration.ts';
import type { BufferExtent } from '../stream.ts';
import { AnsweringStream } from './answering-stream.ts';
import { RequestBody, type RequestBodyOwner } from './request-body.ts';
import type { RequestConditions } from './request-conditions.ts';
import { writeEarlyLogs } from './stream-end.ts';
import { TransformedBody, type TransformOwner } from './transformed-body.ts';

const noBytes = Buffer.alloc(0);

export abstract class FilteredStream extends AnsweringStream implements RequestBodyOwner, TransformOwner {
  /** From the request head on. */
  start(conditions: RequestConditions): void {
    this.upgrade = conditions.upgrade;
    this.expectsContinue = conditions.expectsContinue;
    this.passesExpect = conditions.passesExpect;
    if (this.request.framing === 'none' && this.upgrade === '') this.endRequest();
    else this.codec.holdBody();
    if (conditions.refusal) return this.refuse(conditions.refusal, conditions);
    const { overload } = this.engine;
    if (overload.refusedRequests > 0 && overload.draws(overload.refusedRequests)) return this.fail('overload');
    this.findRoute();
    const { tracing } = this.manager;
    if (tracing) this.span = tracing.begin(this);
    if (this.config.logOccasions) this.startLogging(this.config.logOccasions);
    const filterSwitches = this.route?.filterSwitches;
    if (filterSwitches && this.config.filtersFor) this.filters = this.config.filtersFor(filterSwitches);
    this.runFilters();
  }

  protected startLogging({ logsNewRequests, flushIntervalMs }: AccessLogOptions): void {
    if (logsNewRequests) writeEarlyLogs(this, this.config.accessLogs, 'DownstreamStart', this.engine);
    if (flushIntervalMs > 0) this.nextLogAt = this.info.startAt + flushIntervalMs;
  }

  /** Lines of streams that last, where they are wanted. */
  logWhileOpen(now: number): void {
    if (now < this.nextLogAt) return;
    writeEarlyLogs(this, this.config.accessLogs, 'DownstreamPeriodic', this.engine);
    this.nextLogAt = now + (this.config.logOccasions?.flushIntervalMs ?? 0);
  }

  protected findRoute(): void {
    const route = this.routes?.match(this.request, this.engine.random, this);
    this.route = route;
    this.info.routeName = route?.routeName ?? '';
    this.info.virtualHostName = route?.virtualHostName ?? '';
    if (route?.kindOf) this.info.virtualClusterName = route.kindOf(this.request)?.name ?? '';
    const duration = route?.streamDuration;
    if (duration) this.durationMaxMs = streamDurationMs(duration, this.request, this.config.streamDurationMaxMs);
  }

  clearRouteCache(): void {
    this.findRoute();
  }

  adoptConfig(): void {
    this.applied = this.engine.current;
    this.routes = newestRoutes(this.config, this.applied.config);
    this.findRoute();
  }

  protected runFilters(): void {
    const filters = this.filters;
    while (this.nextFilter < filters.length) {
      const filter = filters[this.nextFilter];
      this.nextFilter += 1;
      if (!filter?.onRequest) continue;
      this.continued = false;
      const verdict = filter.onRequest(this);
      if (this.isOver()) return;
      if (verdict === 'wait' && !this.continued) return this.wait();
    }
    this.forward();
  }

  continueRequest(): void {
    if (this.state === 'filters') this.continued = true;
    if (this.state !== 'waiting' || this.body?.isFilling) return;
    this.state = 'filters';
    this.inTurn(() => {
      this.runFilters();
      this.codec.lookAgain();
    });
  }

  bufferRequest(bytesMax: number, extent: BufferExtent = 'whole'): FilterVerdict {
    if (this.request.framing === 'none') return 'continue';
    this.body ??= new RequestBody(this, this.codec, this.filters);
    const answer = this.body.keep(bytesMax, extent, this.nextFilter);
    if (answer === 'wait') return 'wait';
    if (answer === 'kept') return 'continue';
    this.fail('body-too-large');
    return 'replied';
  }

  get bufferedBody(): Buffer {
    return this.body?.kept ?? noBytes;
  }

  onBodyKept(seenBy: number): void {
    if (this.state !== 'waiting') return;
    this.state = 'filters';
    this.inTurn(() => {
      this.continued = false;
      const verdict = this.filters[seenBy - 1]?.onRequestBody?.(this);
      if (this.isOver()) return;
      if (verdict === 'wait' && !this.continued) return this.wait();
      this.runFilters();
      this.codec.lookAgain();
    });
  }

  /** A body that is to be kept here must come before anybody upstream asks for it. */
  protected wait(): void {
    this.state = 'waiting';
    if (!this.body?.isFilling) return;
    this.askForBody();
    this.codec.releaseBody();
  }

  transformRequest(create: CreateTransform): boolean {
    if (this.request.framing === 'none' || this.state !== 'filters') return false;
    this.body ??= new RequestBody(this, this.codec, this.filters);
    this.body.transformBy(create);
    return true;
  }

  transformResponse(create: CreateTransform): boolean {
    if (this.info.responseStartAt === 0 || this.responseHeadSent) return false;
    this.transform ??= new TransformedBody(this);
    this.transform.append(create);
    return true;
  }

  protected abstract forward(): void;
  abstract sendBody(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean;
  abstract endBody(trailers: Trailers | undefined): void;
  abstract writeTransformed(bytes: Buffer): boolean;
  abstract resumeSource(): void;
}

/** The table of the same connection manager as it is now; the one it had where that has gone. */
function newestRoutes({ statPrefix, routes }: ConnectionManagerConfig, { listeners }: ProxyConfig): RouteTable | undefined {
  for (const { filterChains } of listeners.values()) {
    for (const { manager } of filterChains) if (manager?.statPrefix === statPrefix && manager.routes?.name === routes?.name) return manager.routes;
  }
  return routes;
}
