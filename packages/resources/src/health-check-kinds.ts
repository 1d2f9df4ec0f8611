/** What hosts are asked: `HealthCheck.HttpHealthCheck` and `HealthCheck.TcpHealthCheck`. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderValueOptions } from './header-value-option.ts';
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
}

export interface TcpCheck {
  readonly kind: 'tcp';
  /** Bytes to send, in hex; empty: a connection is answer enough. */
  readonly send: string;
  /** Pieces that must come in this order, each in hex; others may come between. */
  readonly receive: readonly string[];
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'] as const;

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
    headers: readHeaders(reader),
    expectedStatuses: expected.length > 0 ? expected : [{ start: 200, end: 201 }],
    retriableStatuses: reader.list('retriable_statuses', readStatusRange),
  };
  reader.enum('codec_client_type', ['HTTP1'], 'HTTP1');
  reader.ignore(['response_buffer_size']);
  reader.refuse(['send', 'receive', 'service_name', 'service_name_matcher', 'request_headers_to_remove', 'use_http2']);
  reader.done();
  return check;
}

/** There is no request that values could quote. */
function readHeaders(reader: MessageReader): Readonly<Record<string, string>> {
  const name = 'request_headers_to_add';
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
  const hex = reader.required('text', decodeString);
  reader.refuse(['binary'], 'text in hex is what is read');
  reader.done();
  if (hex === undefined) return undefined;
  if (/^(?:[0-9a-fA-F]{2})+$/.test(hex)) return hex.toLowerCase();
  scope.at('text').error(`is ${JSON.stringify(hex)}, must be bytes in hex`);
  return undefined;
}
