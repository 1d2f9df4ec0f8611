/**
 * `envoy.filters.http.grpc_web`: lets pages of browsers call gRPC services. Requests lose their wrapping; responses get
 * their trailers as a last frame of the body.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
 */
import { Buffer } from 'node:buffer';
import { Known, type HeaderBlock } from '@sluice/http';
import type { CreateTransform } from '../../body-transform.ts';
import type { Stream } from '../../stream.ts';
import { decodeEmptyConfig, type EmptyConfig } from '../empty-config.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { createBase64Decoder, encodeBase64 } from './base64-transforms.ts';

export const grpcWebFactory: FilterFactory = defineFilter<EmptyConfig>({
  name: 'envoy.filters.http.grpc_web',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
  decode: decodeEmptyConfig,
  create: (_config, context) => new GrpcWebFilter(context),
});

const prefix = /^application\/grpc-web/i;
const binaryType = /^application\/grpc-web(?:\+proto)?$/i;
const textType = /^application\/grpc-web-text(?:\+proto)?$/i;

/** How a client wants its answer. */
type Wrapping = 'binary' | 'text';

/** The flag of the frame that holds trailers. */
const trailersFlag = 0x80;

class GrpcWebFilter implements HttpFilter {
  readonly name: string;
  /** Set for calls of pages. */
  readonly #wrappings: StreamSlot<Wrapping>;

  constructor({ filterName, slot }: FilterContext) {
    this.name = filterName;
    this.#wrappings = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { request } = stream;
    const contentType = request.get('content-type');
    if (contentType === undefined || !prefix.test(contentType)) return 'continue';
    const type = mediaType(contentType);
    const isText = textType.test(type);
    if (!isText && !binaryType.test(type)) return 'continue';
    this.#wrappings.set(stream, textType.test(mediaType(request.get('accept'))) ? 'text' : 'binary');
    request.set('content-type', 'application/grpc+proto');
    request.set('te', 'trailers');
    request.set('grpc-accept-encoding', 'identity');
    if (!isText || !stream.hasRequestBody) return 'continue';
    request.removeKnown(Known.contentLength);
    request.framing = 'chunked';
    request.contentLength = 0;
    stream.transformRequest((sink) => createBase64Decoder(sink, () => stream.reset('bad-body')));
    return 'continue';
  }

  onResponse(stream: Stream): void {
    const wrapping = this.#wrappings.get(stream);
    const { response } = stream;
    if (wrapping === undefined || !response) return;
    response.set('content-type', wrapping === 'text' ? 'application/grpc-web-text+proto' : 'application/grpc-web+proto');
    // A response that is all head has its status there, which pages can read.
    if (response.framing === 'none' || !stream.transformResponse(wrap(stream, wrapping))) return;
    response.removeKnown(Known.contentLength | Known.trailer);
    response.framing = 'chunked';
  }
}

/** Bytes pass as they are, or in base64; the trailers come last. */
function wrap(stream: Stream, wrapping: Wrapping): CreateTransform {
  const wrapped = (bytes: Buffer): Buffer => (wrapping === 'text' ? encodeBase64(bytes) : bytes);
  return (sink) => ({
    write(bytes) {
      sink.onData(wrapped(bytes));
      return true;
    },
    end() {
      const { responseTrailers } = stream.info;
      if (responseTrailers) sink.onData(wrapped(frameOf(responseTrailers)));
      stream.info.hasTrailersInBody = true;
      sink.onEnd();
    },
    pause() {},
    resume() {},
    close() {},
  });
}

function frameOf(trailers: HeaderBlock): Buffer {
  const lines = Buffer.from(trailers.entries().map(([name, value]) => `${name}: ${value}\r\n`).join(''), 'latin1');
  const prefix = Buffer.alloc(5);
  prefix[0] = trailersFlag;
  prefix.writeUInt32BE(lines.length, 1);
  return Buffer.concat([prefix, lines]);
}

function mediaType(value: string | undefined): string {
  return (value ?? '').split(';', 1)[0]?.trim() ?? '';
}
