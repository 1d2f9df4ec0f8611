/**
 * The operators of format strings: what each of them reads from a stream. Names and meanings are Envoy's; an
 * operator outside this table is a mistake that is reported, never an empty field.
 */
import { formatAddress, type Address } from '@sluice/kernel';
import type { FieldReader, FormatSource } from './format-source.ts';
import { createFormattedTime, createIsoTime } from './start-time.ts';

/** Makes the reader for one use of an operator, or says in a sentence why it cannot. */
type Operator = (argument: string | undefined) => FieldReader | string;

const operators: Readonly<Record<string, Operator>> = {
  START_TIME: startTime,
  REQ: (argument) => headerOf(argument, requestHeader),
  REQUEST_HEADER: (argument) => headerOf(argument, requestHeader),
  REQ_WITHOUT_QUERY: (argument) => headerOf(argument, (source, name) => withoutQuery(requestHeader(source, name))),
  RESP: (argument) => headerOf(argument, responseHeader),
  RESPONSE_HEADER: (argument) => headerOf(argument, responseHeader),
  PROTOCOL: plain(({ info }) => info.protocol || undefined),
  RESPONSE_CODE: plain(({ info }) => info.status),
  RESPONSE_CODE_DETAILS: plain(({ info }) => info.details.replaceAll(' ', '_') || undefined),
  RESPONSE_FLAGS: plain(({ info }) => info.flags || undefined),
  BYTES_RECEIVED: plain(({ info }) => info.bytesReceived),
  BYTES_SENT: plain(({ info }) => info.bytesSent),
  DURATION: plain(({ info }) => elapsedMs(info.startAt, info.endAt)),
  REQUEST_DURATION: plain(({ info }) => elapsedMs(info.startAt, info.requestEndAt)),
  RESPONSE_DURATION: plain(({ info }) => elapsedMs(info.startAt, info.responseStartAt)),
  RESPONSE_TX_DURATION: plain(({ info }) => elapsedMs(info.responseStartAt, info.endAt)),
  UPSTREAM_HOST: plain(({ info }) => info.upstreamHost || undefined),
  UPSTREAM_REMOTE_ADDRESS: plain(({ info }) => info.upstreamHost || undefined),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain(({ info }) => hostOf(info.upstreamHost)),
  UPSTREAM_REMOTE_PORT: plain(({ info }) => portOf(info.upstreamHost)),
  UPSTREAM_CLUSTER: plain(({ info }) => info.clusterName || undefined),
  ...addressOperators('UPSTREAM_LOCAL', ({ info }) => info.upstreamLocal),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => info.upstreamFailure.replaceAll(' ', '_') || undefined),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ info }) => info.attempts),
  ...addressOperators('DOWNSTREAM_REMOTE', ({ info }) => info.downstreamRemote),
  ...addressOperators('DOWNSTREAM_DIRECT_REMOTE', ({ info }) => info.connection?.directRemote ?? info.downstreamRemote),
  ...addressOperators('DOWNSTREAM_LOCAL', ({ info }) => info.downstreamLocal),
  REQUESTED_SERVER_NAME: plain(({ info }) => info.connection?.serverName || undefined),
  FILTER_CHAIN_NAME: plain(({ info }) => info.filterChainName || undefined),
  ROUTE_NAME: plain(({ info }) => info.routeName || undefined),
  CONNECTION_ID: plain(({ info }) => info.connectionId),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: plain((source) => grpcStatusNumber(source)),
};

/** The reader for an operator, or a sentence about what is wrong with it. */
export function createReader(name: string, argument: string | undefined, lengthMax: number | undefined): FieldReader | string {
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (operator === undefined) {
    return `has %${name}%, which is not known; known are ${Object.keys(operators).join(', ')}`;
  }
  const read = operator(argument);
  if (typeof read === 'string' || lengthMax === undefined) return read;
  return (source) => {
    const value = read(source);
    return typeof value === 'string' ? value.slice(0, lengthMax) : value;
  };
}

function plain(read: FieldReader): Operator {
  return (argument) => (argument === undefined ? read : 'has an argument where none belongs');
}

function startTime(argument: string | undefined): FieldReader | string {
  if (argument === undefined || argument === '') {
    const isoTime = createIsoTime();
    return ({ info }) => isoTime(info.startWallTime);
  }
  const format = createFormattedTime(argument);
  if (typeof format === 'object') return `has START_TIME with ${format.unknown}, which is not understood`;
  return ({ info }) => format(info.startWallTime);
}

/** `REQ(X?Y)`: the value of X or, where X is not there, of Y. */
function headerOf(
  argument: string | undefined,
  read: (source: FormatSource, name: string) => string | undefined,
): FieldReader | string {
  const [first = '', second] = (argument ?? '').toLowerCase().split('?');
  if (first === '') return 'has a header operator that names no header';
  if (second === undefined || second === '') return (source) => read(source, first);
  return (source) => read(source, first) ?? read(source, second);
}

function requestHeader({ request }: FormatSource, name: string): string | undefined {
  switch (name) {
    case ':method':
      return request.method || undefined;
    case ':path':
      return request.path || undefined;
    case ':authority':
    case 'host':
      return request.authority || undefined;
    case ':scheme':
      return request.get('x-forwarded-proto') ?? 'http';
    default:
      return request.get(name);
  }
}

function responseHeader({ response, info }: FormatSource, name: string): string | undefined {
  if (name === ':status') return String(info.status);
  return response?.get(name);
}

function withoutQuery(path: string | undefined): string | undefined {
  const query = path?.indexOf('?') ?? -1;
  return query === -1 ? path : path?.slice(0, query);
}

/** Whole milliseconds, as Envoy logs them; nothing when one of the moments did not come. */
function elapsedMs(from: number, to: number): number | undefined {
  return from === 0 || to === 0 ? undefined : Math.round(to - from);
}

function addressOperators(
  prefix: string,
  read: (source: FormatSource) => Address | undefined,
): Readonly<Record<string, Operator>> {
  return {
    [`${prefix}_ADDRESS`]: plain((source) => mapAddress(read(source), formatAddress)),
    [`${prefix}_ADDRESS_WITHOUT_PORT`]: plain((source) => mapAddress(read(source), ({ host }) => host)),
    [`${prefix}_PORT`]: plain((source) => mapAddress(read(source), ({ port }) => port)),
  };
}

function mapAddress<T>(address: Address | undefined, map: (address: Address) => T): T | undefined {
  return address && map(address);
}

function hostOf(hostAndPort: string): string | undefined {
  return hostAndPort === '' ? undefined : hostAndPort.slice(0, hostAndPort.lastIndexOf(':'));
}

function portOf(hostAndPort: string): number | undefined {
  return hostAndPort === '' ? undefined : Number(hostAndPort.slice(hostAndPort.lastIndexOf(':') + 1));
}

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, in the three spellings that Envoy offers. */
const grpcStatuses = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

function grpcStatusNumber({ response }: FormatSource): number | undefined {
  const text = response?.get('grpc-status');
  return text === undefined || !/^\d{1,3}$/.test(text) ? undefined : Number(text);
}

function grpcStatus(argument: string | undefined): FieldReader | string {
  const spelling = argument ?? 'CAMEL_STRING';
  if (!['CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'].includes(spelling)) {
    return `has GRPC_STATUS(${spelling}), must be CAMEL_STRING, SNAKE_STRING or NUMBER`;
  }
  return (source) => {
    const number = grpcStatusNumber(source);
    if (number === undefined || spelling === 'NUMBER') return number;
    const camel = grpcStatuses[number];
    if (camel === undefined) return String(number);
    return spelling === 'SNAKE_STRING' ? camel.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() : camel;
  };
}
