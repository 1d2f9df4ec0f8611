/** `envoy.extensions.filters.http.compressor.v3.Compressor` and `CompressorPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';
import { readCompressorLibrary, type CompressorLibrary } from './compressor-library.ts';

export interface CompressorConfig {
  readonly library: CompressorLibrary;
  readonly response: ResponseDirection;
  /** Undefined: requests are left alone. */
  readonly request: Direction | undefined;
  /** Of codings that a client takes equally, whether this filter's comes first. */
  readonly choosesFirst: boolean;
}

export interface Direction {
  readonly isEnabled: boolean;
  /** Shorter bodies are left alone. Default 30, as Envoy. */
  readonly lengthMin: number;
  /** Lower case, without parameters. */
  readonly contentTypes: ReadonlySet<string>;
}

export interface ResponseDirection extends Direction {
  /** Leaves responses with an etag alone. */
  readonly isOffForEtags: boolean;
  /** Makes strong etags weak; without it they are removed, as in Envoy. */
  readonly weakensEtags: boolean;
  /** Keeps the upstream from compressing by itself. */
  readonly removesAcceptEncoding: boolean;
  readonly uncompressibleStatuses: ReadonlySet<number>;
  /** Tells in `x-envoy-compression-status` what became of a response. */
  readonly tellsStatus: boolean;
}

/** What a route says; what it leaves out is the filter's to say. */
export interface CompressorPerRoute {
  readonly isDisabled: boolean;
  readonly removesAcceptEncoding: boolean | undefined;
  readonly library: CompressorLibrary | undefined;
}

/** Envoy's defaults. */
const defaultLengthMin = 30;
const defaultContentTypes = ['application/javascript', 'application/json', 'application/xhtml+xml', 'image/svg+xml', 'text/css', 'text/html', 'text/plain', 'text/xml'];

export function decodeCompressor(value: unknown, path: string, options?: DecodeOptions): Checked<CompressorConfig> {
  return decodeDocument(value, path, options, readCompressor);
}

export function decodeCompressorPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<CompressorPerRoute> {
  return decodeDocument(value, path, options, (json, scope): CompressorPerRoute | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'overrides'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    const overrides = kind === 'overrides' ? reader?.read(kind, readOverrides) : undefined;
    reader?.done();
    return kind && { isDisabled: kind === 'disabled', removesAcceptEncoding: overrides?.removesAcceptEncoding, library: overrides?.library };
  });
}

function readOverrides(json: unknown, scope: Scope): Pick<CompressorPerRoute, 'removesAcceptEncoding' | 'library'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const response = reader.read('response_direction_config', (inner, at) => {
    const fields = MessageReader.open(inner, at);
    const removesAcceptEncoding = fields?.boolean('remove_accept_encoding_header');
    fields?.done();
    return { removesAcceptEncoding };
  });
  const library = reader.read('compressor_library', readCompressorLibrary);
  reader.done();
  return { removesAcceptEncoding: response?.removesAcceptEncoding, library };
}

function readCompressor(json: unknown, scope: Scope): CompressorConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const library = reader.required('compressor_library', readCompressorLibrary);
  // The fields from before there were directions; they count where the direction says nothing.
  const old: ResponseDirection = { ...readDirection(reader, 'runtime_enabled', 'content_length', true), ...readRest(reader), tellsStatus: false };
  const response = reader.read('response_direction_config', readResponseDirection) ?? old;
  const request = reader.read('request_direction_config', (inner, at) => {
    const fields = MessageReader.open(inner, at);
    // As in Envoy requests are left alone unless it says otherwise.
    const direction = fields && readCommonConfig(fields, false);
    fields?.done();
    return direction;
  });
  const choosesFirst = reader.boolean('choose_first', false);
  reader.done();
  return library && { library, response, request, choosesFirst };
}

function readResponseDirection(json: unknown, scope: Scope): ResponseDirection | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const direction = { ...readCommonConfig(reader, true), ...readRest(reader), tellsStatus: reader.boolean('status_header_enabled', false) };
  reader.done();
  return direction;
}

function readCommonConfig(reader: MessageReader, isEnabled: boolean): Direction {
  const direction = reader.read('common_config', (inner, at) => {
    const common = MessageReader.open(inner, at);
    const fields = common && readDirection(common, 'enabled', 'min_content_length', isEnabled);
    common?.done();
    return fields;
  });
  return direction ?? { isEnabled, lengthMin: defaultLengthMin, contentTypes: new Set(defaultContentTypes) };
}

function readDirection(reader: MessageReader, enabledName: string, lengthName: string, isEnabled: boolean): Direction {
  const types = reader.strings('content_type');
  return {
    isEnabled: reader.read(enabledName, (json, scope) => readFeatureFlag(json, scope, isEnabled)) ?? isEnabled,
    lengthMin: reader.uint32(lengthName, defaultLengthMin),
    contentTypes: new Set((types.length === 0 ? defaultContentTypes : types).map((type) => type.toLowerCase())),
  };
}

function readRest(reader: MessageReader): Omit<ResponseDirection, keyof Direction | 'tellsStatus'> {
  return {
    isOffForEtags: reader.boolean('disable_on_etag_header', false),
    weakensEtags: reader.boolean('weaken_etag_on_compress', false),
    removesAcceptEncoding: reader.boolean('remove_accept_encoding_header', false),
    uncompressibleStatuses: new Set(reader.list('uncompressible_response_codes', (json) => (typeof json === 'number' ? json : undefined))),
  };
}

/** `RuntimeFeatureFlag`: its default; runtime keys have no effect here. */
function readFeatureFlag(json: unknown, scope: Scope, isOn: boolean): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  const value = reader?.boolean('default_value', isOn);
  reader?.ignore(['runtime_key']);
  reader?.done();
  return value;
}
