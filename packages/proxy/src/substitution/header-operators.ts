/** Operators that quote heads and trailers: `%REQ(X?Y)%` and their like. */
import { knownBit, type HeaderBlock } from '@sluice/http';
import { withAppend, type FieldReader, type FieldWriter, type FormatSource, type Operators } from './format-source.ts';
import type { LineWriter } from './line-writer.ts';

type HeaderReader = (source: FormatSource, name: string) => string | undefined;

export const headerOperators: Operators = {
  REQ: (argument) => quotedOf(argument, requestHeader, ({ request }) => request),
  REQUEST_HEADER: (argument) => quotedOf(argument, requestHeader, ({ request }) => request),
  REQ_WITHOUT_QUERY: (argument) => headerOf(argument, (source, name) => withoutQuery(requestHeader(source, name))),
  RESP: (argument) => quotedOf(argument, responseHeader, ({ response }) => response),
  RESPONSE_HEADER: (argument) => quotedOf(argument, responseHeader, ({ response }) => response),
  TRAILER: (argument) => headerOf(argument, trailer),
  RESPONSE_TRAILER: (argument) => headerOf(argument, trailer),
  QUERY_PARAM: queryParameter,
  PATH: path,
};

/** `REQ(X?Y)`: the value of X or, where X is not there, of Y. */
function headerOf(argument: string | undefined, read: HeaderReader): FieldReader | string {
  const [first = '', second] = (argument ?? '').toLowerCase().split('?');
  if (first === '') return 'has a header operator that names no header';
  if (second === undefined || second === '') return (source) => read(source, first);
  return (source) => read(source, first) ?? read(source, second);
}

/** The same, which puts fields down as the bytes they are. */
function quotedOf(argument: string | undefined, read: HeaderReader, blockOf: (source: FormatSource) => HeaderBlock | undefined): FieldWriter | string {
  const reader = headerOf(argument, read);
  if (typeof reader === 'string') return reader;
  const [first = '', second] = (argument ?? '').toLowerCase().split('?');
  const appendFirst = appenderOf(first, read, blockOf);
  if (second === undefined || second === '') return withAppend(reader, appendFirst);
  const appendSecond = appenderOf(second, read, blockOf);
  return withAppend(reader, (source, line) => appendFirst(source, line) || appendSecond(source, line));
}

/** What stands under these names may be no field. */
const derived = new Set([':method', ':path', ':authority', 'host', ':scheme', ':status']);

function appenderOf(name: string, read: HeaderReader, blockOf: (source: FormatSource) => HeaderBlock | undefined): FieldWriter['append'] {
  if (derived.has(name)) {
    return (source: FormatSource, line: LineWriter) => {
      const value = read(source, name);
      if (value !== undefined) line.text(value);
      return value !== undefined;
    };
  }
  const known = knownBit(name);
  return (source, line) => {
    const block = blockOf(source);
    return block !== undefined && line.field(block, name, known);
  };
}

export function requestHeader({ request, info }: FormatSource, name: string): string | undefined {
  switch (name) {
    case ':method':
      return request.method || undefined;
    case ':path':
      return request.path || undefined;
    case ':authority':
    case 'host':
      return request.authority || undefined;
    case ':scheme':
      return request.get('x-forwarded-proto') ?? info.scheme;
    default:
      return request.get(name);
  }
}

function responseHeader({ response, info }: FormatSource, name: string): string | undefined {
  if (name === ':status') return String(info.status);
  return response?.get(name);
}

function trailer({ info }: FormatSource, name: string): string | undefined {
  return info.responseTrailers?.get(name);
}

function withoutQuery(value: string | undefined): string | undefined {
  const query = value?.indexOf('?') ?? -1;
  return query === -1 ? value : value?.slice(0, query);
}

function queryParameter(argument: string | undefined): FieldReader | string {
  if (!argument) return 'has QUERY_PARAM without the name of a parameter';
  return ({ request }) => {
    const queryAt = request.path.indexOf('?');
    return queryAt === -1 ? undefined : (new URLSearchParams(request.path.slice(queryAt)).get(argument) ?? undefined);
  };
}

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: with or without the query, as it came or as it went on. */
function path(argument = ''): FieldReader | string {
  const [query = 'WQ', which = 'ORIG_OR_PATH'] = argument === '' ? [] : argument.split(':');
  if (!['WQ', 'NQ'].includes(query) || !['ORIG', 'PATH', 'ORIG_OR_PATH'].includes(which)) {
    return `has PATH(${argument}), must be WQ or NQ, then ORIG, PATH or ORIG_OR_PATH`;
  }
  return (source) => {
    const original = source.request.get('x-envoy-original-path');
    const found = which === 'PATH' ? source.request.path : which === 'ORIG' ? original : (original ?? source.request.path);
    return (query === 'NQ' ? withoutQuery(found) : found) || undefined;
  };
}
