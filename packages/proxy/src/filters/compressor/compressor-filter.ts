/**
 * `envoy.filters.http.compressor`: compresses responses for clients that understand it, and requests where that is
 * wanted. Of several such filters in a chain the one acts whose coding the client wants most.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter
 */
import { Known, type RequestHead, type ResponseHead } from '@sluice/http';
import type { Counter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { acceptsCoding } from './accept-encoding.ts';
import { decodeCompressor, decodeCompressorPerRoute, type CompressorConfig, type CompressorPerRoute, type Direction } from './compressor-config.ts';
import { statNames, type CompressorLibrary } from './compressor-library.ts';
import { acceptEncodingOf, chosenCoding, offerCoding } from './offered-codings.ts';
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
const requestCounterNames = ['compressed', 'not_compressed', 'content_length_too_small', 'total_uncompressed_bytes', 'total_compressed_bytes'] as const;

type Counters<Names extends string> = Readonly<Record<Names, Counter>>;

class CompressorFilter implements HttpFilter {
  readonly name: string;
  readonly #config: CompressorConfig;
  readonly #counters: Counters<(typeof counterNames)[number]>;
  readonly #requestCounters: Counters<(typeof requestCounterNames)[number]> | undefined;
  /** With what a response may be compressed; set for streams that the filter looks at. */
  readonly #libraries: StreamSlot<CompressorLibrary>;
  /** Streams whose bytes are counted, by direction. */
  readonly #compressed: StreamSlot<true>;
  readonly #requestCompressed: StreamSlot<true>;

  constructor(config: CompressorConfig, { filterName, statPrefix, meter, slot }: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const scope = `envoy_http_compressor_${config.library.name.replaceAll(/\W/g, '_')}_${statNames[config.library.coding]}`;
    const counters = <Name extends string>(prefix: string, names: readonly Name[], help: string): Counters<Name> =>
      Object.fromEntries(names.map((name) => [name, meter.counter(`${scope}_${prefix}${name}`, help, labels)])) as Counters<Name>;
    this.name = filterName;
    this.#config = config;
    this.#counters = counters('', counterNames, 'responses, or bytes of them, by whether they were compressed');
    this.#requestCounters = config.request && counters('request_', requestCounterNames, 'requests, or bytes of them, by whether they were compressed');
    this.#libraries = slot();
    this.#compressed = slot();
    this.#requestCompressed = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { response, request, choosesFirst } = this.#config;
    const perRoute = routeConfigOf<CompressorPerRoute>(stream, this.name);
    if (perRoute?.isDisabled) return 'continue';
    const library = perRoute?.library ?? this.#config.library;
    if (request?.isEnabled) this.#compressRequest(stream, request, library);
    if (!response.isEnabled) return 'continue';
    const acceptEncoding = acceptEncodingOf(stream.info) ?? stream.request.get('accept-encoding');
    if (acceptEncoding === undefined) this.#counters.no_accept_header.add();
    else if (acceptsCoding(acceptEncoding, library.coding)) offerCoding(stream.info, acceptEncoding, library.coding, choosesFirst);
    this.#libraries.set(stream, library);
    if (perRoute?.removesAcceptEncoding ?? response.removesAcceptEncoding) stream.request.remove('accept-encoding');
    return 'continue';
  }

  onRequestData(stream: Stream, bytes: Uint8Array): void {
    if (this.#requestCounters && this.#requestCompressed.get(stream)) this.#requestCounters.total_uncompressed_bytes.add(bytes.length);
  }

  onResponse(stream: Stream): void {
    const library = this.#libraries.get(stream);
    const { response: head } = stream;
    if (library === undefined || !head || !this.#isCompressible(head)) return;
    const isChosen = chosenCoding(stream.info) === library.coding;
    if (isChosen && stream.transformResponse((sink) => new ZlibTransform(library.create(), sink, (bytes) => this.#counters.total_compressed_bytes.add(bytes)))) {
      this.#compressed.set(stream, true);
      this.#counters.compressed.add();
      this.#describe(head, library);
      this.#tellStatus(head, library, 'Compressed');
    } else {
      this.#counters.not_compressed.add();
      this.#tellStatus(head, library, 'NotCompressed');
    }
    // Caches must know that another client may get it otherwise.
    addVary(head);
  }

  onResponseData(stream: Stream, bytes: Uint8Array): void {
    if (this.#compressed.get(stream)) this.#counters.total_uncompressed_bytes.add(bytes.length);
  }

  #compressRequest(stream: Stream, direction: Direction, library: CompressorLibrary): void {
    const { request } = stream;
    const counters = this.#requestCounters;
    if (!counters || !stream.hasRequestBody || request.has('content-encoding')) return;
    if (request.framing === 'length' && request.contentLength < direction.lengthMin) return counters.content_length_too_small.add();
    if (!hasType(request, direction) || !stream.transformRequest((sink) => new ZlibTransform(library.create(), sink, (bytes) => counters.total_compressed_bytes.add(bytes)))) {
      return counters.not_compressed.add();
    }
    counters.compressed.add();
    this.#requestCompressed.set(stream, true);
    request.removeKnown(Known.contentLength);
    request.framing = 'chunked';
    request.contentLength = 0;
    request.set('content-encoding', library.coding);
  }

  /** Whether it would be compressed for a client that wants it. */
  #isCompressible(head: ResponseHead): boolean {
    const { lengthMin, isOffForEtags, uncompressibleStatuses } = this.#config.response;
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
    return hasType(head, this.#config.response) && !/\bno-transform\b/i.test(head.get('cache-control') ?? '');
  }

  /** The head of the body as it will be. */
  #describe(head: ResponseHead, { coding }: CompressorLibrary): void {
    head.removeKnown(Known.contentLength);
    head.framing = 'chunked';
    head.set('content-encoding', coding);
    const etag = head.get('etag');
    if (etag === undefined || /^W\//i.test(etag)) return;
    if (this.#config.response.weakensEtags) head.set('etag', `W/${etag}`);
    else head.remove('etag');
  }

  #tellStatus(head: ResponseHead, { coding }: CompressorLibrary, status: string): void {
    if (this.#config.response.tellsStatus) head.add('x-envoy-compression-status', `${coding};${status}`);
  }
}

function hasType(head: RequestHead | ResponseHead, { contentTypes }: Direction): boolean {
  const type = head.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type !== undefined && contentTypes.has(type);
}

function addVary(head: ResponseHead): void {
  const vary = head.get('vary');
  if (vary === undefined || vary === '') head.set('vary', 'Accept-Encoding');
  else if (!/(?:^|[,\s])(?:accept-encoding|\*)(?:$|[,\s])/i.test(vary)) head.set('vary', `${vary}, Accept-Encoding`);
}
