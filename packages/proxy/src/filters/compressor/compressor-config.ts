/** `envoy.extensions.filters.http.compressor.v3.Compressor`, for responses. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';
import { readCompressorLibrary, type CompressorLibrary } from './compressor-library.ts';

export interface CompressorConfig {
  readonly library: CompressorLibrary;
  readonly isEnabled: boolean;
  /** Shorter bodies are left alone. Default 30, as Envoy. */
  readonly lengthMin: number;
  /** Lower case, without parameters. */
  readonly contentTypes: ReadonlySet<string>;
  /** Leaves responses with an etag alone. */
  readonly isOffForEtags: boolean;
  /** Makes strong etags weak; without it they are removed, as in Envoy. */
  readonly weakensEtags: boolean;
  /** Keeps the upstream from compressing by itself. */
  readonly removesAcceptEncoding: boolean;
  readonly uncompressibleStatuses: ReadonlySet<number>;
}

/** Envoy's defaults. */
const defaultLengthMin = 30;
const defaultContentTypes = ['application/javascript', 'application/json', 'application/xhtml+xml', 'image/svg+xml', 'text/css', 'text/html', 'text/plain', 'text/xml'];

export function decodeCompressor(value: unknown, path: string, options?: DecodeOptions): Checked<CompressorConfig> {
  return decodeDocument(value, path, options, readCompressor);
}

export interface CompressorPerRoute {
  readonly disabled: true;
}

export function decodeCompressorPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<CompressorPerRoute> {
  return decodeDocument(value, path, options, (json, scope): CompressorPerRoute | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'overrides'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    reader?.refuse(['overrides']);
    reader?.done();
    return { disabled: true };
  });
}

interface CommonConfig {
  readonly isEnabled: boolean;
  readonly lengthMin: number;
  readonly contentTypes: readonly string[];
}

type ResponseConfig = CommonConfig & Pick<CompressorConfig, 'isOffForEtags' | 'weakensEtags' | 'removesAcceptEncoding' | 'uncompressibleStatuses'>;

function readCompressor(json: unknown, scope: Scope): CompressorConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const library = reader.required('compressor_library', readCompressorLibrary);
  // The fields from before there were directions; they count where the direction says nothing.
  const old = readFields(reader, 'runtime_enabled', 'content_length');
  const response = reader.read('response_direction_config', readResponseDirection) ?? old;
  reader.refuse(['request_direction_config']);
  reader.ignore(['choose_first']);
  reader.done();
  const contentTypes = response.contentTypes.length === 0 ? defaultContentTypes : response.contentTypes;
  return library && { library, ...response, contentTypes: new Set(contentTypes.map((type) => type.toLowerCase())) };
}

function readResponseDirection(json: unknown, scope: Scope): ResponseConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const shared = reader.read('common_config', (inner, at): CommonConfig | undefined => {
    const common = MessageReader.open(inner, at);
    const fields = common && readCommon(common, 'enabled', 'min_content_length');
    common?.done();
    return fields;
  });
  const rest = readRest(reader);
  reader.ignore(['status_header_enabled']);
  reader.done();
  return { isEnabled: true, lengthMin: defaultLengthMin, contentTypes: [], ...shared, ...rest };
}

function readFields(reader: MessageReader, enabledName: string, lengthName: string): ResponseConfig {
  return { ...readCommon(reader, enabledName, lengthName), ...readRest(reader) };
}

function readCommon(reader: MessageReader, enabledName: string, lengthName: string): CommonConfig {
  return {
    isEnabled: reader.read(enabledName, readFeatureFlag) ?? true,
    lengthMin: reader.uint32(lengthName, defaultLengthMin),
    contentTypes: reader.strings('content_type'),
  };
}

function readRest(reader: MessageReader): Omit<ResponseConfig, keyof CommonConfig> {
  return {
    isOffForEtags: reader.boolean('disable_on_etag_header', false),
    weakensEtags: reader.boolean('weaken_etag_on_compress', false),
    removesAcceptEncoding: reader.boolean('remove_accept_encoding_header', false),
    uncompressibleStatuses: new Set(reader.list('uncompressible_response_codes', (json) => (typeof json === 'number' ? json : undefined))),
  };
}

/** `RuntimeFeatureFlag`: its default; runtime keys have no effect here. */
function readFeatureFlag(json: unknown, scope: Scope): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  const isOn = reader?.boolean('default_value', true);
  reader?.ignore(['runtime_key']);
  reader?.done();
  return isOn;
}
