/** `Tracing.Http`: who takes the spans. OpenTelemetry is ours; others are accepted, and nothing is traced for them. */
import { isObject, MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readResourceDetector, type ResourceDetector } from './resource-detector.ts';
import { readTracingSampler, type TracingSampler } from './tracing-sampler.ts';

export interface TracingProvider {
  /** False: a provider that we do not have, so that nothing is traced. */
  readonly isKnown: boolean;
  /** Empty: as the process calls itself. */
  readonly serviceName: string;
  /** URL of a collector of OTLP over HTTP; with `grpc:` in front, of one over gRPC. Empty: the one the process was told of. */
  readonly collector: string;
  /** Decides about spans in place of the shares of connection managers and routes. Absent: those do. */
  readonly sampler?: TracingSampler;
  /** Say what spans tell of this process besides its service; later ones count before earlier ones. Absent: none. */
  readonly detectors?: readonly ResourceDetector[];
}

const openTelemetryTypeName = 'envoy.config.trace.v3.OpenTelemetryConfig';
const unknown: TracingProvider = { isKnown: false, serviceName: '', collector: '' };

export function readTracingProvider(json: unknown, scope: Scope): TracingProvider | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const provider = reader.required('typed_config', readTypedProvider);
  reader.done();
  return provider;
}

function readTypedProvider(json: unknown, scope: Scope): TracingProvider | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === openTelemetryTypeName) return readOpenTelemetry(typed.json, typed.scope);
  scope.warn(`is ${typed.typeName}, which this proxy does not have: nothing is traced here`);
  return unknown;
}

function readOpenTelemetry(json: unknown, scope: Scope): TracingProvider | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const serviceName = reader.string('service_name', '');
  const kind = reader.oneof(['grpc_service', 'http_service'], false);
  const overHttp = reader.read('http_service', readCollector);
  const overGrpc = reader.read('grpc_service', readGrpcTarget);
  const collector = (kind === 'http_service' ? overHttp : overGrpc && `grpc:${overGrpc}`) ?? '';
  const sampler = reader.read('sampler', readTracingSampler);
  const detectors = reader.list('resource_detectors', readResourceDetector);
  reader.ignore(['max_cache_size']);
  reader.done();
  return { isKnown: true, serviceName, collector, ...(sampler ? { sampler } : {}), ...(detectors.length > 0 ? { detectors } : {}) };
}

/** `GrpcService`: the target where it names one; a cluster of ours is not used, whose own requests spans would tell of. */
function readGrpcTarget(json: unknown, scope: Scope): string | undefined {
  if (!isObject(json)) {
    scope.error('must be an object');
    return undefined;
  }
  const google = json['google_grpc'];
  const target = isObject(google) ? google['target_uri'] : undefined;
  if (typeof target === 'string' && target !== '') return target;
  scope.warn('is not used: spans go to where the environment says');
  return undefined;
}

/** `HttpService`: its URL. Spans are not sent through a cluster of ours, whose own requests they would tell of. */
function readCollector(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const uri = reader.required('http_uri', readUri);
  reader.ignore(['request_headers_to_add']);
  reader.done();
  return uri;
}

function readUri(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const uri = reader.requiredString('uri');
  if (uri !== '' && (!URL.canParse(uri) || !/^https?:/.test(uri))) scope.at('uri').error(`is ${JSON.stringify(uri)}, must be a whole URL of http or https`);
  reader.ignore(['cluster', 'timeout']);
  reader.done();
  return uri;
}
