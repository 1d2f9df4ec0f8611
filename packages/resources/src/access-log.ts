/** `envoy.config.accesslog.v3.AccessLog` with the loggers for files and the standard streams. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readStruct, type Struct } from './metadata.ts';
import { readDataSource } from './data-source.ts';

export interface AccessLog {
  readonly name: string;
  readonly sink: AccessLogSink;
  /** Undefined: the default text format. */
  readonly format: LogFormat | undefined;
}

export type AccessLogSink =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'stderr' };

/** What to write for each stream. Strings are format strings: `%OPERATOR%` is replaced by what it stands for. */
export type LogFormat =
  /** With `omitEmptyValues`, what has no value is empty instead of `-`. */
  | { readonly kind: 'text'; readonly text: string; readonly omitEmptyValues: boolean }
  /** One JSON object in a line. With `omitEmptyValues`, keys without a value are left out instead of being null. */
  | { readonly kind: 'json'; readonly fields: Struct; readonly omitEmptyValues: boolean };

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
  reader.refuse(['filter'], 'log filters are outside our subset');
  reader.done();
  return logger && { name, ...logger };
}

function readLogger(json: unknown, scope: Scope): Omit<AccessLog, 'name'> | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  switch (typed.typeName) {
    case typeNames.file:
      return readFileLogger(typed.json, typed.scope);
    case typeNames.stdout:
      return readStreamLogger(typed.json, typed.scope, 'stdout');
    case typeNames.stderr:
      return readStreamLogger(typed.json, typed.scope, 'stderr');
    default:
      scope.at('@type').error(`is ${typed.typeName}, must be one of ${Object.values(typeNames).join(', ')}`);
      return undefined;
  }
}

function readFileLogger(json: unknown, scope: Scope): Omit<AccessLog, 'name'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  const kind = reader.oneof(['log_format', 'format', 'json_format', 'typed_json_format'], false);
  let format: LogFormat | undefined;
  if (kind === 'log_format') format = reader.read(kind, readSubstitutionFormat);
  if (kind === 'format') format = { kind: 'text', text: reader.string(kind, ''), omitEmptyValues: false };
  if (kind === 'json_format' || kind === 'typed_json_format') {
    format = { kind: 'json', fields: reader.read(kind, readStruct) ?? {}, omitEmptyValues: false };
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
): Omit<AccessLog, 'name'> | undefined {
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
  const omitEmptyValues = reader.boolean('omit_empty_values', false);
  let format: LogFormat | undefined;
  if (kind === 'text_format') format = { kind: 'text', text: reader.read(kind, decodeString) ?? '', omitEmptyValues };
  if (kind === 'json_format') format = { kind: 'json', fields: reader.read(kind, readStruct) ?? {}, omitEmptyValues };
  if (kind === 'text_format_source') {
    const source = reader.read(kind, readDataSource);
    if (source?.kind === 'inline') format = { kind: 'text', text: source.text, omitEmptyValues };
    else if (source) scope.at(kind).error('must be inline_string or inline_bytes');
  }
  reader.ignore(['content_type', 'json_format_options']);
  reader.refuse(['formatters']);
  reader.done();
  return format;
}
