/**
 * `envoy.filters.http.compressor`: compresses responses for clients that understand it. Of several such filters in a
 * chain the one nearest to the router that may act does.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter
 */
import { Known, type ResponseHead } from '@sluice/http';
import type { Counter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { acceptsCoding } from './accept-encoding.ts';
import { decodeCompressor, decodeCompressorPerRoute, type CompressorConfig, type CompressorPerRoute } from './compressor-config.ts';
import { ZlibTransform } from './zlib-transform.ts';

export const compressorFactory: FilterFactory = defineFilter<CompressorConfig>({
  name: 'envoy.filters.http.compressor',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor',
  decode: decodeCompressor,
  create: (config, context) => new CompressorFilter(config, context),
  perRoute: definePerRoute<CompressorPerRoute>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.compressor.v3.CompressorPerRoute',
    decode: decodeCompressorPerRoute,
    create: (config) => config,
  }),
});

const counterNames = ['compressed', 'not_compressed', 'no_accept_header', 'content_length_too_small', 'not_compressed_etag', 'total_uncompressed_bytes', 'total_compressed_bytes'] as const;

class CompressorFilter implements HttpFilter {
  readonly name: string;
  readonly #config: CompressorConfig;
  readonly #counters: Readonly<Record<(typeof counterNames)[number], Counter>>;
  /** Whether the client takes our coding; its field may be gone by the time of the response. */
  readonly #accepted: StreamSlot<boolean>;
  /** Streams whose bytes are counted. */
  readonly #compressed: StreamSlot<true>;

  constructor(config: CompressorConfig, { filterName, statPrefix, meter, slot }: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const scope = `envoy_http_compressor_${config.library.name.replaceAll(/\W/g, '_')}_${config.library.coding === 'br' ? 'brotli' : 'gzip'}`;
    const counters = counterNames.map((name) => [name, meter.counter(`${scope}_${name}`, 'responses, or bytes of them, by whether they were compressed', labels)]);
    this.name = filterName;
    this.#config = config;
    this.#counters = Object.fromEntries(counters) as Record<(typeof counterNames)[number], Counter>;
    this.#accepted = slot();
    this.#compressed = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { isEnabled, library, removesAcceptEncoding } = this.#config;
    if (!isEnabled || routeConfigOf<CompressorPerRoute>(stream, this.name)?.disabled) return 'continue';
    const acceptEncoding = stream.request.get('accept-encoding');
    if (acceptEncoding === undefined) this.#counters.no_accept_header.add();
    this.#accepted.set(stream, acceptsCoding(acceptEncoding, library.coding));
    if (removesAcceptEncoding) stream.request.remove('accept-encoding');
    return 'continue';
  }

  onResponse(stream: Stream): void {
    const isAccepted = this.#accepted.get(stream);
    const { response: head } = stream;
    if (isAccepted === undefined || !head || !this.#isCompressible(head)) return;
    if (isAccepted && stream.transformResponse((sink) => new ZlibTransform(this.#config.library.create(), sink, (bytes) => this.#counters.total_compressed_bytes.add(bytes)))) {
      this.#compressed.set(stream, true);
      this.#counters.compressed.add();
      this.#describe(head);
    } else {
      this.#counters.not_compressed.add();
    }
    // Caches must know that another client may get it otherwise.
    addVary(head);
  }

  onResponseData(stream: Stream, bytes: Uint8Array): void {
    if (this.#compressed.get(stream)) this.#counters.total_uncompressed_bytes.add(bytes.length);
  }

  #isCompressible(head: ResponseHead): boolean {
    const { lengthMin, contentTypes, isOffForEtags, uncompressibleStatuses } = this.#config;
    if (head.framing === 'none' || head.has('content-encoding')) return false;
    if (head.framing === 'length' && head.contentLength < lengthMin) {
      this.#counters.content_length_too_small.add();
      return false;
    }
    if (isOffForEtags && head.has('etag')) {
      this.#counters.not_compressed_etag.add();
      return false;
    }
    // Part of something is part of its bytes as they were.
    if (head.status === 206 || uncompressibleStatuses.has(head.status)) return false;
    const type = head.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
    return type !== undefined && contentTypes.has(type) && !/\bno-transform\b/i.test(head.get('cache-control') ?? '');
  }

  /** The head of the body as it will be. */
  #describe(head: ResponseHead): void {
    head.removeKnown(Known.contentLength);
    head.framing = 'chunked';
    head.set('content-encoding', this.#config.library.coding);
    const etag = head.get('etag');
    if (etag === undefined || /^W\//i.test(etag)) return;
    if (this.#config.weakensEtags) head.set('etag', `W/${etag}`);
    else head.remove('etag');
  }
}

function addVary(head: ResponseHead): void {
  const vary = head.get('vary');
  if (vary === undefined || vary === '') head.set('vary', 'Accept-Encoding');
  else if (!/(?:^|[,\s])(?:accept-encoding|\*)(?:$|[,\s])/i.test(vary)) head.set('vary', `${vary}, Accept-Encoding`);
}
