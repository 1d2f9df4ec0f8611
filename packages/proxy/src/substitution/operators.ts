/**
 * The operators of format strings: what each of them reads from a stream. Names and meanings are Envoy's; an
 * operator outside this table is a mistake that is reported, never an empty field.
 */
import { addressOperators } from './address-operators.ts';
import { plain, type FieldReader, type FieldValue, type OperatorContext, type Operators } from './format-source.ts';
import { grpcOperators } from './grpc-status.ts';
import { headerOperators } from './header-operators.ts';
import { metadataOperators } from './metadata-operators.ts';
import { longFlags } from './response-flags.ts';
import { timingOperators } from './timing-operators.ts';
import { traceIdOf } from '../tracing/trace-context.ts';
import { tlsOperators } from './tls-operators.ts';

/** About the exchange itself; others stand in tables of their kind. */
const streamOperators: Operators = {
  PROTOCOL: plain(({ info }) => info.protocol || undefined),
  RESPONSE_CODE: plain(({ info }) => info.status),
  RESPONSE_CODE_DETAILS: plain(({ info }) => info.details.replaceAll(' ', '_') || undefined),
  RESPONSE_FLAGS: plain(({ info }) => info.flags || undefined),
  RESPONSE_FLAGS_LONG: plain(({ info }) => (info.flags === '' ? undefined : longFlags(info.flags))),
  CONNECTION_TERMINATION_DETAILS: plain(({ info }) => info.terminationDetails || undefined),
  BYTES_RECEIVED: plain(({ info }) => info.bytesReceived),
  BYTES_SENT: plain(({ info }) => info.bytesSent),
  UPSTREAM_CLUSTER: plain(({ info }) => info.clusterName || undefined),
  UPSTREAM_CLUSTER_RAW: plain(({ info }) => info.clusterName || undefined),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => info.upstreamFailure.replaceAll(' ', '_') || undefined),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ info }) => info.attempts),
  UPSTREAM_PROTOCOL: plain(({ info }) => info.upstreamProtocol || undefined),
  REQUESTED_SERVER_NAME: plain(({ info }) => info.connection?.serverName || undefined),
  FILTER_CHAIN_NAME: plain(({ info }) => info.filterChainName || undefined),
  ROUTE_NAME: plain(({ info }) => info.routeName || undefined),
  VIRTUAL_CLUSTER_NAME: plain(({ info }) => info.virtualClusterName || undefined),
  CONNECTION_ID: plain(({ info }) => info.connectionId),
  // Envoy names a stream by its request id where it has one.
  STREAM_ID: plain(({ request }) => request.get('x-request-id')),
  TRACE_ID: plain(({ info, request }) => (info.hasTrace ? traceIdOf(request.get('traceparent') ?? '') || undefined : undefined)),
  LOCAL_REPLY_BODY: plain(({ info }) => info.localReplyBody || undefined),
  ACCESS_LOG_TYPE: plain(({ info }) => info.logType),
  HOSTNAME: (argument, { hostName }) => (argument === undefined ? () => hostName || undefined : 'has an argument where none belongs'),
  ENVIRONMENT(argument, context) {
    if (!argument) return 'has ENVIRONMENT without the name of a variable';
    const value = context.variable(argument);
    return () => value;
  },
};

const operators: Operators = {
  ...streamOperators,
  ...headerOperators,
  ...timingOperators,
  ...addressOperators,
  ...metadataOperators,
  ...grpcOperators,
  ...tlsOperators,
};

/** The reader for an operator, or a sentence about what is wrong with it. */
export function createReader(name: string, argument: string | undefined, lengthMax: number | undefined, context: OperatorContext): FieldReader | string {
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (operator === undefined) {
    return `has %${name}%, which is not known${suggest(name)}`;
  }
  const read = operator(argument, context);
  if (typeof read === 'string' || lengthMax === undefined) return read;
  return (source) => cut(read(source), lengthMax);
}

function cut(value: FieldValue, lengthMax: number): FieldValue {
  return typeof value === 'string' ? value.slice(0, lengthMax) : value;
}

/** Operators of the same family, by the first word of the name. */
function suggest(name: string): string {
  const family = name.split('_')[0] as string;
  const near = Object.keys(operators).filter((known) => known.startsWith(family));
  return near.length === 0 ? '' : `; known are ${near.join(', ')}`;
}
