/**
 * `envoy.filters.http.grpc_stats`: counts gRPC calls by how they ended, and their messages. Looks at nothing else.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/grpc_stats_filter
 */
import type { Clock } from '@sluice/kernel';
import { isGrpcRequest } from '../../router/head-test.ts';
import type { Stream } from '../../stream.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { GrpcCounters, type MethodCounters } from './grpc-counters.ts';
import { decodeGrpcStats, type GrpcStatsConfig } from './grpc-stats-config.ts';
import { MessageCounter } from './message-counter.ts';

export const grpcStatsFactory: FilterFactory = defineFilter<GrpcStatsConfig>({
  name: 'envoy.filters.http.grpc_stats',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  decode: decodeGrpcStats,
  create: (config, context) => new GrpcStatsFilter(config, context),
});

/** A call between its head and its end. */
interface GrpcCall {
  readonly counters: MethodCounters;
  readonly request: MessageCounter;
  readonly response: MessageCounter;
}

class GrpcStatsFilter implements HttpFilter {
  readonly name: string;
  readonly #clock: Clock;
  readonly #counters: GrpcCounters;
  readonly #calls: StreamSlot<GrpcCall>;

  constructor(config: GrpcStatsConfig, { filterName, clock, meter, slot }: FilterContext) {
    this.name = filterName;
    this.#clock = clock;
    this.#counters = new GrpcCounters(config, meter);
    this.#calls = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { request, route } = stream;
    if (route?.action.kind !== 'forward' || !isGrpcRequest(request)) return 'continue';
    const counters = this.#counters.of(route.action.clusterName, request.path);
    this.#calls.set(stream, { counters, request: new MessageCounter(), response: new MessageCounter() });
    return 'continue';
  }

  onRequestData(stream: Stream, bytes: Uint8Array): void {
    this.#calls.get(stream)?.request.read(bytes);
  }

  onResponseData(stream: Stream, bytes: Uint8Array): void {
    this.#calls.get(stream)?.response.read(bytes);
  }

  onEnd(stream: Stream): void {
    const call = this.#calls.get(stream);
    if (!call) return;
    const { counters, request, response } = call;
    counters.requestMessages.add(request.count);
    counters.responseMessages.add(response.count);
    // Behind the body, or in the head where there is nothing else (trailers-only).
    const status = stream.info.responseTrailers?.get('grpc-status') ?? stream.response?.get('grpc-status');
    if (status !== undefined && /^\d{1,2}$/.test(status)) counters.countStatus(Number(status));
    if (stream.info.upstreamStartAt > 0) counters.time?.observe(this.#clock.now() - stream.info.upstreamStartAt);
  }
}
