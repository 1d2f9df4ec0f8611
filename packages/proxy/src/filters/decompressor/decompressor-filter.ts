/**
 * `envoy.filters.http.decompressor`: undoes the coding of bodies, of requests for upstreams and of responses for
 * clients. A body that grows beyond measure ends its stream.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/decompressor_filter
 */
import { Known, type RequestHead, type ResponseHead } from '@sluice/http';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';
import type { Checked, Counter } from '@sluice/kernel';
import type { BodyTransform, CreateTransform, TransformSink } from '../../body-transform.ts';
import type { OutcomeCode } from '../../outcome.ts';
import type { Stream } from '../../stream.ts';
import { statNames } from '../compressor/compressor-library.ts';
import { ZlibTransform } from '../compressor/zlib-transform.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { readDecompressorLibrary, type DecompressorLibrary } from './decompressor-library.ts';

interface DirectionConfig {
  readonly isEnabled: boolean;
  /** Also acts upon bodies that say that nobody should transform them. */
  readonly ignoresNoTransform: boolean;
}

interface DecompressorConfig {
  readonly library: DecompressorLibrary;
  readonly request: DirectionConfig;
  readonly response: DirectionConfig;
  /** Tells upstreams that the coding may be used. Default true, as Envoy. */
  readonly advertises: boolean;
}

export const decompressorFactory: FilterFactory = defineFilter<DecompressorConfig>({
  name: 'envoy.filters.http.decompressor',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor',
  decode: decodeDecompressor,
  create: (config, context) => new DecompressorFilter(config, context),
});

const usual: DirectionConfig = { isEnabled: true, ignoresNoTransform: false };

function decodeDecompressor(value: unknown, path: string, options?: DecodeOptions): Checked<DecompressorConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const library = reader.required('decompressor_library', readDecompressorLibrary);
    let advertises = true;
    const request = reader.read('request_direction_config', (inner, at) => readDirection(inner, at, (fields) => (advertises = fields.boolean('advertise_accept_encoding', true))));
    const response = reader.read('response_direction_config', (inner, at) => readDirection(inner, at));
    reader.done();
    return library && { library, request: request ?? usual, response: response ?? usual, advertises };
  });
}

function readDirection(json: unknown, scope: Scope, readMore: (reader: MessageReader) => void = () => {}): DirectionConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  readMore(reader);
  const common = reader.read('common_config', (inner, at) => {
    const fields = MessageReader.open(inner, at);
    const isEnabled = fields?.read('enabled', (flag, where) => {
      const found = MessageReader.open(flag, where);
      const isOn = found?.boolean('default_value', true);
      found?.ignore(['runtime_key']);
      found?.done();
      return isOn;
    });
    const direction = { isEnabled: isEnabled ?? true, ignoresNoTransform: fields?.boolean('ignore_no_transform_header', false) ?? false };
    fields?.done();
    return direction;
  });
  reader.done();
  return common ?? usual;
}

interface DirectionCounters {
  readonly decompressed: Counter;
  readonly notDecompressed: Counter;
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
}

/** Chosen: less is let through whatever it expands to, since small bodies of one letter shrink to almost nothing. */
const freeBytes = 1 << 20;

class DecompressorFilter implements HttpFilter {
  readonly name: string;
  readonly #config: DecompressorConfig;
  readonly #request: DirectionCounters;
  readonly #response: DirectionCounters;
  readonly #errors: Counter;

  constructor(config: DecompressorConfig, { filterName, statPrefix, meter }: FilterContext) {
    const { library } = config;
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const scope = `envoy_http_decompressor_${library.name.replaceAll(/\W/g, '_')}_${statNames[library.coding]}`;
    const counters = (direction: string): DirectionCounters => ({
      decompressed: meter.counter(`${scope}_${direction}_decompressed`, 'bodies whose coding was undone', labels),
      notDecompressed: meter.counter(`${scope}_${direction}_not_decompressed`, 'bodies that were left as they were', labels),
      bytesIn: meter.counter(`${scope}_${direction}_total_compressed_bytes`, 'bytes before', labels),
      bytesOut: meter.counter(`${scope}_${direction}_total_uncompressed_bytes`, 'bytes after', labels),
    });
    this.name = filterName;
    this.#config = config;
    this.#request = counters('request');
    this.#response = counters('response');
    this.#errors = meter.counter(`${scope}_decompressor_library_zlib_data_error`, 'bodies that were broken or grew beyond measure', labels);
  }

  onRequest(stream: Stream): FilterVerdict {
    const { request: direction, library, advertises } = this.#config;
    const { request } = stream;
    if (direction.isEnabled && stream.hasRequestBody) this.#act(stream, request, direction, this.#request, 'bad-body');
    if (this.#config.response.isEnabled && advertises) advertise(request, library.coding);
    return 'continue';
  }

  onResponse(stream: Stream): void {
    const { response } = stream;
    const direction = this.#config.response;
    if (response && direction.isEnabled) this.#act(stream, response, direction, this.#response, 'upstream-body-error');
  }

  #act(stream: Stream, head: RequestHead | ResponseHead, { ignoresNoTransform }: DirectionConfig, counters: DirectionCounters, failure: OutcomeCode): void {
    const { coding } = this.#config.library;
    const codings = (head.get('content-encoding') ?? '').split(',').map((name) => name.trim().toLowerCase());
    const mayTransform = ignoresNoTransform || !/\bno-transform\b/i.test(head.get('cache-control') ?? '');
    // What was done last is undone first.
    const create: CreateTransform = (sink) => this.#createTransform(sink, counters, () => stream.reset(failure));
    const applies = head.framing !== 'none' && codings.at(-1) === coding && mayTransform;
    if (!applies || !(failure === 'bad-body' ? stream.transformRequest(create) : stream.transformResponse(create))) {
      counters.notDecompressed.add();
      return;
    }
    counters.decompressed.add();
    const rest = codings.slice(0, -1).join(', ');
    if (rest === '') head.remove('content-encoding');
    else head.set('content-encoding', rest);
    head.removeKnown(Known.contentLength);
    head.framing = 'chunked';
    head.contentLength = 0;
  }

  #createTransform(sink: TransformSink, counters: DirectionCounters, onError: () => void): BodyTransform {
    const { library } = this.#config;
    let bytesIn = 0;
    let bytesOut = 0;
    // What cannot be expanded is the fault of whoever has sent it.
    const watched: TransformSink = {
      onData: (bytes) => sink.onData(bytes),
      onEnd: () => sink.onEnd(),
      onReady: () => sink.onReady(),
      onError: () => {
        this.#errors.add();
        onError();
      },
    };
    const transform = new ZlibTransform(library.create(), watched, (written) => {
      bytesOut += written;
      counters.bytesOut.add(written);
      return bytesOut > freeBytes && bytesOut > bytesIn * library.expansionMax ? new Error(`a body of ${bytesIn} bytes has grown to more than ${library.expansionMax} times as many`) : undefined;
    });
    return {
      write(bytes) {
        bytesIn += bytes.length;
        counters.bytesIn.add(bytes.length);
        return transform.write(bytes);
      },
      end: () => transform.end(),
      pause: () => transform.pause(),
      resume: () => transform.resume(),
      close: () => transform.close(),
    };
  }
}

function advertise(request: RequestHead, coding: string): void {
  const accepted = request.get('accept-encoding');
  if (accepted === undefined || accepted === '') request.set('accept-encoding', coding);
  else if (!new RegExp(`(?:^|[,\\s])${coding}(?:$|[,;\\s])`, 'i').test(accepted)) request.set('accept-encoding', `${accepted}, ${coding}`);
}
