/** Access logs that go to services over gRPC: Envoy's access log service, and OpenTelemetry's for logs. */
import { readApiVersion } from './config-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import { decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readGrpcService, type GrpcServiceConfig } from './grpc-service.ts';
import { readLogValue, readLogValues, type LogValue, type NamedLogValue } from './log-value.ts';
import { readCustomTag, type CustomTag } from './tracing-tag.ts';

/** What both kinds say of their service, and of what waits for it. */
export interface LogServiceSettings {
  readonly logName: string;
  readonly service: GrpcServiceConfig;
  /** How long an entry may wait for others. Default 1000, as Envoy. */
  readonly flushIntervalMs: number;
  /** So many bytes leave at once; 0 lets each entry leave by itself. Default 16 KiB, as Envoy. */
  readonly bufferBytesMax: number;
  /** Filter state that goes along, by key. */
  readonly filterStateKeys: readonly string[];
  readonly customTags: readonly CustomTag[];
}

export interface GrpcLogSink extends LogServiceSettings {
  readonly kind: 'grpc';
  /** What entries tell of: requests, or connections of `tcp_proxy`. */
  readonly traffic: 'http' | 'tcp';
  /** What else entries tell, by name. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
}

export interface OpenTelemetryLogSink extends LogServiceSettings {
  readonly kind: 'open-telemetry';
  /** Absent: records have attributes only. */
  readonly body: LogValue | undefined;
  readonly attributes: readonly NamedLogValue[];
  /** Of who writes the log, besides its name and the node's, which `labels` adds. */
  readonly resourceAttributes: readonly NamedLogValue[];
  readonly labels: boolean;
  /** Stands in the names of its statistics. */
  readonly statPrefix: string;
}

export const logServiceTypeNames = {
  http: 'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
  tcp: 'envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig',
  openTelemetry: 'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
} as const;

/** A batch that nobody has taken by then is lost. Envoy's stream has no such limit; chosen: nothing may wait for ever. */
const defaultTimeoutMs = 10_000;

export function readGrpcLogSink(json: unknown, scope: Scope, traffic: 'http' | 'tcp'): GrpcLogSink | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const common = reader.required('common_config', readCommon);
  const names = (field: string) => (traffic === 'http' ? reader.strings(field).map((name) => name.toLowerCase()) : []);
  const requestHeaders = names('additional_request_headers_to_log');
  const responseHeaders = names('additional_response_headers_to_log');
  const responseTrailers = names('additional_response_trailers_to_log');
  reader.done();
  return common && { kind: 'grpc', traffic, ...common, requestHeaders, responseHeaders, responseTrailers };
}

/** `readFormatter` looks at the formatters, which bring what is always there. */
export function readOpenTelemetryLogSink(json: unknown, scope: Scope, readFormatter: (json: unknown, scope: Scope) => true | undefined): OpenTelemetryLogSink | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const common = reader.required('common_config', readCommon);
  const settings = {
    body: reader.read('body', readLogValue),
    attributes: reader.read('attributes', readLogValues) ?? [],
    resourceAttributes: reader.read('resource_attributes', readLogValues) ?? [],
    labels: !reader.boolean('disable_builtin_labels', false),
    statPrefix: reader.string('stat_prefix', ''),
  };
  reader.list('formatters', readFormatter);
  reader.done();
  return common && { kind: 'open-telemetry', ...common, ...settings };
}

function readCommon(json: unknown, scope: Scope): LogServiceSettings | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const logName = reader.requiredString('log_name');
  const service = reader.required('grpc_service', (inner, at) => readGrpcService(inner, at, defaultTimeoutMs));
  readApiVersion(reader, 'transport_api_version');
  const flushIntervalMs = reader.durationMs('buffer_flush_interval', 1000);
  if (flushIntervalMs <= 0) scope.at('buffer_flush_interval').error('must be more than 0');
  const bufferBytesMax = reader.uint32('buffer_size_bytes', 16_384);
  const filterStateKeys = reader.list('filter_state_objects_to_log', decodeString);
  const customTags = reader.list('custom_tags', readCustomTag);
  reader.ignore(['grpc_stream_retry_policy']); // a batch that was not taken is counted and gone
  reader.done();
  return service && { logName, service, flushIntervalMs, bufferBytesMax, filterStateKeys, customTags };
}
