/** What hosts are asked: `HttpHealthCheck`, `TcpHealthCheck` and `GrpcHealthCheck` of `HealthCheck`. */
import { Buffer } from 'node:buffer';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderValueOptions } from './header-value-option.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';
import { readStatusRange, type StatusRange } from './status-range.ts';

export interface HttpCheck {
  readonly kind: 'http';
  /** Value of Host; empty: the host's own name for checks, else the cluster's. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  /** Beyond those that every check has. Names are lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of an answer that is as it should be. Default 200 alone. */
  readonly expectedStatuses: readonly StatusRange[];
  /** Of one that may pass: counted like a failure of the network. Default none. */
  readonly retriableStatuses: readonly StatusRange[];
  /** By prior knowledge. Default: HTTP/1.1. */
  readonly speaksHttp2: boolean;
  /** Header names (lower case) that no check has. */
  readonly headersToRemove: readonly string[];
  /** The body of the request, in hex; empty: none. */
  readonly send: string;
  /** What the body of the answer must hold in this order, each in hex. */
  readonly receive: readonly string[];
  /** Of a longer answer the rest is not looked at. Default 1024, as Envoy; 0 is without limit. */
  readonly answerBytesMax: number;
  /** What `x-envoy-upstream-healthchecked-cluster` of the answer must be. Undefined: nobody looks. */
  readonly serviceName: StringMatcher | undefined;
}

export interface GrpcCheck {
  readonly kind: 'grpc';
  /** Empty: the server as a whole. */
  readonly serviceName: string;
  /** Value of `:authority`; empty: the host's own name for checks, else the cluster's. */
  readonly authority: string;
  /** Headers beyond those that every check has. Names are lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TcpCheck {
  readonly kind: 'tcp';
  /** Bytes to send, in hex; empty: a connection is answer enough. */
  readonly send: string;
  /** Pieces that must come in this order, each in hex; others may come between. */
  readonly receive: readonly string[];
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'] as const;
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

const defaultAnswerBytesMax = 1024;

export function readHttpCheck(json: unknown, scope: Scope): HttpCheck | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  if (path !== '' && !path.startsWith('/')) scope.at('path').error(`is ${JSON.stringify(path)}, must begin with /`);
  const expected = reader.list('expected_statuses', readStatusRange);
  const check: HttpCheck = {
    kind: 'http',
    host: reader.string('host', ''),
    path,
    method: reader.enum('method', methods, 'GET'),
    headers: readHeaders(reader, 'request_headers_to_add'),
    headersToRemove: reader.strings('request_headers_to_remove').map((name) => name.toLowerCase()),
    expectedStatuses: expected.length > 0 ? expected : [{ start: 200, end: 201 }],
    retriableStatuses: reader.list('retriable_statuses', readStatusRange),
    speaksHttp2: reader.boolean('use_http2', false) || reader.enum('codec_client_type', ['HTTP1', 'HTTP2'], 'HTTP1') === 'HTTP2',
    send: reader.read('send', readPayload) ?? '',
    receive: reader.list('receive', readPayload),
    answerBytesMax: readBufferSize(reader),
    serviceName: readServiceName(reader),
  };
  if (check.send !== '' && !methodsWithBody.has(check.method)) scope.at('send').error(`is set, but method is ${check.method}`);
  reader.done();
  return check;
}

function readBufferSize(reader: MessageReader): number {
  const size = reader.integer('response_buffer_size', { min: 0 }) ?? defaultAnswerBytesMax;
  return size === 0 ? Number.POSITIVE_INFINITY : size;
}

/** By a matcher, or the older prefix. */
function readServiceName(reader: MessageReader): StringMatcher | undefined {
  const prefix = reader.string('service_name', '');
  const matcher = reader.read('service_name_matcher', readStringMatcher);
  if (matcher?.kind === 'safe_regex') reader.scope.at('service_name_matcher').at('safe_regex').error('is not supported: names of services are compared, not matched');
  return matcher ?? (prefix === '' ? undefined : { kind: 'prefix', value: prefix, ignoreCase: false });
}

export function readGrpcCheck(json: unknown, scope: Scope): GrpcCheck | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const check: GrpcCheck = {
    kind: 'grpc',
    serviceName: reader.string('service_name', ''),
    authority: reader.string('authority', ''),
    metadata: readHeaders(reader, 'initial_metadata'),
  };
  reader.done();
  return check;
}

/** There is no request that values could quote. */
function readHeaders(reader: MessageReader, name: string): Readonly<Record<string, string>> {
  const options = readHeaderValueOptions(reader, name);
  options.forEach(({ value }, index) => {
    if (value.includes('%')) reader.scope.at(name).at(index).error('has a value with %, which means nothing in a check');
  });
  return Object.fromEntries(options.map((option) => [option.name, option.value]));
}

export function readTcpCheck(json: unknown, scope: Scope): TcpCheck | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const check: TcpCheck = { kind: 'tcp', send: reader.read('send', readPayload) ?? '', receive: reader.list('receive', readPayload) };
  reader.refuse(['proxy_protocol_config']);
  reader.done();
  return check;
}

function readPayload(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['text', 'binary'], true);
  const text = kind && reader.string(kind);
  reader.done();
  if (text === undefined) return undefined;
  const hex = kind === 'binary' ? Buffer.from(text, 'base64').toString('hex') : text;
  if (/^(?:[0-9a-fA-F]{2})+$/.test(hex)) return hex.toLowerCase();
  scope.at(kind ?? 'text').error(`is ${JSON.stringify(text)}, must be bytes in ${kind === 'binary' ? 'base64' : 'hex'}`);
  return undefined;
}
