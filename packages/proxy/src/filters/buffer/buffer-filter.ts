/**
 * `envoy.filters.http.buffer`: the upstream hears of a request when all of it is here, so that slow clients cost it
 * nothing; what is too large is refused with 413.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/buffer_filter
 */
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeBuffer, decodeBufferPerRoute, type BufferConfig } from './buffer-config.ts';

export const bufferFactory: FilterFactory = defineFilter<BufferConfig>({
  name: 'envoy.filters.http.buffer',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer',
  decode: decodeBuffer,
  create: (config, context) => new BufferFilter(config, context),
  perRoute: definePerRoute<BufferConfig>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
    decode: decodeBufferPerRoute,
    create: (config) => config,
  }),
});

class BufferFilter implements HttpFilter {
  readonly name: string;
  readonly #config: BufferConfig;

  constructor(config: BufferConfig, { filterName }: FilterContext) {
    this.name = filterName;
    this.#config = config;
  }

  onRequest(stream: Stream): FilterVerdict {
    const { bytesMax } = routeConfigOf<BufferConfig>(stream, this.name) ?? this.#config;
    return bytesMax === undefined || !stream.hasRequestBody ? 'continue' : stream.bufferRequest(bytesMax);
  }
}
