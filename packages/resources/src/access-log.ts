/** `envoy.config.accesslog.v3.AccessLog` with the loggers for files, the standard streams and services over gRPC. */
import { readAccessLogFilter, type AccessLogFilter } from './access-log-filter.ts';
import { MessageReader } from './decode/message-reader.ts';
import { decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { logServiceTypeNames, readGrpcLogSink, readOpenTelemetryLogSink, type GrpcLogSink, type OpenTelemetryLogSink } from './log-service.ts';
import { readStruct, type Struct } from './metadata.ts';
import { readDataSource, type DataSource } from './data-source.ts';

export interface AccessLog {
  readonly name: string;
  readonly sink: AccessLogSink;
  /** Undefined: the default text format. Services have formats of their own. */
  readonly format: LogFormat | undefined;
  /** Undefined: every stream. */
  readonly filter: AccessLogFilter | undefined;
}

export type AccessLogSink =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'stderr' }
  | GrpcLogSink
  | OpenTelemetryLogSink;

/** `SubstitutionFormatString`: text or JSON in which `%OPERATOR%` is replaced by what it stands for. */
export type LogFormat = FormatSettings &
  (
    | { readonly kind: 'text'; readonly text: string }
    /** A format string of which a file or a variable has the text. */
    | { readonly kind: 'source'; readonly source: DataSource }
    /** One JSON object. With `isUntyped` all values are strings, as the old `json_format` of files had it. */
    | { readonly kind: 'json'; readonly fields: Struct; readonly isUntyped: boolean; readonly sortsKeys: boolean }
  );

export interface FormatSettings {
  /** What has no value is empty instead of `-`; in JSON, its key is left out instead of being null. */
  readonly omitEmptyValues: boolean;
  /** Of a body in this format; empty: what the kind of format says by itself. Logs have no use for it. */
  readonly contentType: string;
}

type Logger = Pick<AccessLog, 'sink' | 'format'>;

const typeNames = {
  file: 'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  stdout: 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  stderr: 'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
} as const;

export function readAccessLog(json: unknown, scope: Scope): AccessLog | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.string('name', '');
  const logger = reader.required('typed_config', readLogger);
  const filter = reader.read('filter', readAccessLogFilter);
  reader.done();
  return logger && { name, filter, ...logger };
}

function readLogger(json: unknown, scope: Scope): Logger | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  switch (typed.typeName) {
    case typeNames.file:
      return readFileLogger(typed.json, typed.scope);
    case typeNames.stdout:
      return readStreamLogger(typed.json, typed.scope, 'stdout');
    case typeNames.stderr:
      return readStreamLogger(typed.json, typed.scope, 'stderr');
    case logServiceTypeNames.http:
    case logServiceTypeNames.tcp:
      return toService(readGrpcLogSink(typed.json, typed.scope, typed.typeName === logServiceTypeNames.http ? 'http' : 'tcp'));
    case logServiceTypeNames.openTelemetry:
      return toService(readOpenTelemetryLogSink(typed.json, typed.scope, readFormatter));
    default:
      scope.at('@type').error(`is ${typed.typeName}, must be one of ${[...Object.values(typeNames), ...Object.values(logServiceTypeNames)].join(', ')}`);
      return undefined;
  }
}

function toService(sink: GrpcLogSink | OpenTelemetryLogSink | undefined): Logger | undefined {
  return sink && { sink, format: undefined };
}

const plain: FormatSettings = { omitEmptyValues: false, contentType: '' };

function readFileLogger(json: unknown, scope: Scope): Logger | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  const kind = reader.oneof(['log_format', 'format', 'json_format', 'typed_json_format'], false);
  let format: LogFormat | undefined;
  if (kind === 'log_format') format = reader.read(kind, readSubstitutionFormat);
  if (kind === 'format') format = { kind: 'text', text: reader.string(kind, ''), ...plain };
  if (kind === 'json_format' || kind === 'typed_json_format') {
    format = { kind: 'json', fields: reader.read(kind, readStruct) ?? {}, isUntyped: kind === 'json_format', sortsKeys: false, ...plain };
  }
  reader.done();
  // These two paths are how containers say "the standard streams"; writing to them as files would bypass buffering.
  if (path === '/dev/stdout') return { sink: { kind: 'stdout' }, format };
  if (path === '/dev/stderr') return { sink: { kind: 'stderr' }, format };
  return { sink: { kind: 'file', path }, format };
}

function readStreamLogger(
  json: unknown,
  scope: Scope,
  kind: 'stdout' | 'stderr',
): Logger | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const format = reader.read('log_format', readSubstitutionFormat);
  reader.done();
  return { sink: { kind }, format };
}

/** `envoy.config.core.v3.SubstitutionFormatString`. */
export function readSubstitutionFormat(json: unknown, scope: Scope): LogFormat | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['text_format', 'json_format', 'text_format_source'], true);
  const settings: FormatSettings = {
    omitEmptyValues: reader.boolean('omit_empty_values', false),
    contentType: readContentType(reader),
  };
  const sortsKeys = reader.read('json_format_options', readJsonOptions) ?? false;
  reader.list('formatters', readFormatter);
  reader.done();
  switch (kind) {
    case 'text_format':
      return { kind: 'text', text: reader.read(kind, decodeString) ?? '', ...settings };
    case 'json_format':
      return { kind: 'json', fields: reader.read(kind, readStruct) ?? {}, isUntyped: false, sortsKeys, ...settings };
    case 'text_format_source': {
      const source = reader.read(kind, readDataSource);
      if (source?.kind === 'inline') return { kind: 'text', text: source.text, ...settings };
      return source && { kind: 'source', source, ...settings };
    }
    case undefined:
      return undefined;
  }
}

function readContentType(reader: MessageReader): string {
  const type = reader.string('content_type', '');
  if (!/^[\x20-\x7e]*$/.test(type)) reader.scope.at('content_type').error(`is ${JSON.stringify(type)}, must be printable ASCII`);
  return type;
}

function readJsonOptions(json: unknown, scope: Scope): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  const sorts = reader?.boolean('sort_properties', false);
  reader?.done();
  return sorts;
}

/** Formatters that bring operators which are always there in ours. */
const formatterTypeNames = [
  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery',
  'envoy.extensions.formatter.metadata.v3.Metadata',
];

function readFormatter(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.string('name');
  const typed = reader.required('typed_config', openTypedConfig);
  if (typed && !formatterTypeNames.includes(typed.typeName)) {
    typed.scope.at('@type').error(`is ${typed.typeName}, must be one of ${formatterTypeNames.join(', ')}`);
  }
  reader.done();
  return true;
}
