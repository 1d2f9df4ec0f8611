/** `envoy.config.accesslog.v3.AccessLogFilter`: which streams a log, or a rule for local replies, is for. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeEnum } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { readMetadataMatcher, type MetadataMatcher } from './metadata-matcher.ts';
import { readFractionalPercent } from './percent.ts';

export type AccessLogFilter =
  | { readonly kind: 'status_code'; readonly comparison: Comparison }
  /** Of the whole exchange, in ms. */
  | { readonly kind: 'duration'; readonly comparison: Comparison }
  | { readonly kind: 'not_health_check' }
  | { readonly kind: 'traceable' }
  | {
      readonly kind: 'runtime';
      readonly runtimeKey: string;
      readonly ratio: number;
      /** Draws by chance instead of by the request's id. */
      readonly usesIndependentRandomness: boolean;
    }
  | { readonly kind: 'and'; readonly filters: readonly AccessLogFilter[] }
  | { readonly kind: 'or'; readonly filters: readonly AccessLogFilter[] }
  | { readonly kind: 'header'; readonly header: HeaderMatcher }
  /** Any of these; empty: any flag at all. */
  | { readonly kind: 'response_flag'; readonly flags: readonly string[] }
  | { readonly kind: 'grpc_status'; readonly statuses: readonly number[]; readonly exclude: boolean }
  | { readonly kind: 'metadata'; readonly matcher: MetadataMatcher | undefined; readonly matchIfKeyNotFound: boolean }
  | { readonly kind: 'log_type'; readonly types: readonly AccessLogType[]; readonly exclude: boolean };

export interface Comparison {
  readonly op: 'EQ' | 'GE' | 'LE' | 'NE';
  readonly value: number;
  /** Overrides `value` where the runtime has it; empty for none. */
  readonly runtimeKey: string;
}

/** `envoy.data.accesslog.v3.AccessLogType`: the occasions on which a line is written. */
export const accessLogTypes = [
  'NotSet',
  'TcpUpstreamConnected',
  'TcpPeriodic',
  'TcpConnectionEnd',
  'DownstreamStart',
  'DownstreamPeriodic',
  'DownstreamEnd',
  'UpstreamPoolReady',
  'UpstreamPeriodic',
  'UpstreamEnd',
  'DownstreamTunnelSuccessfullyEstablished',
  'UdpTunnelUpstreamConnected',
  'UdpPeriodic',
  'UdpSessionEnd',
] as const;

export type AccessLogType = (typeof accessLogTypes)[number];

/** All of Envoy's response flags, so that one that this proxy never raises may stand in a filter. */
const responseFlags = [
  'LH', 'UH', 'UT', 'LR', 'UR', 'UF', 'UC', 'UO', 'NR', 'DI', 'FI', 'RL', 'UAEX', 'RLSE', 'DC', 'URX', 'SI', 'IH', 'DPE', 'UMSDR', 'RFCF', 'NFCF', 'DT', 'UPE', 'NC',
  'OM', 'DF', 'DO', 'DR', 'UDO',
] as const;

const kinds = [
  'status_code_filter',
  'duration_filter',
  'not_health_check_filter',
  'traceable_filter',
  'runtime_filter',
  'and_filter',
  'or_filter',
  'header_filter',
  'response_flag_filter',
  'grpc_status_filter',
  'extension_filter',
  'metadata_filter',
  'log_type_filter',
] as const;

export function readAccessLogFilter(json: unknown, scope: Scope): AccessLogFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(kinds, true);
  const filter = kind && reader.read(kind, (inner, at) => readKind(kind, inner, at));
  reader.done();
  return filter;
}

function readKind(kind: (typeof kinds)[number], json: unknown, scope: Scope): AccessLogFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const filter = readFields(kind, reader);
  reader.done();
  return filter;
}

function readFields(kind: (typeof kinds)[number], reader: MessageReader): AccessLogFilter | undefined {
  switch (kind) {
    case 'status_code_filter':
    case 'duration_filter': {
      const comparison = reader.required('comparison', readComparison);
      return comparison && { kind: kind === 'status_code_filter' ? 'status_code' : 'duration', comparison };
    }
    case 'not_health_check_filter':
      return { kind: 'not_health_check' };
    case 'traceable_filter':
      return { kind: 'traceable' };
    case 'runtime_filter':
      return {
        kind: 'runtime',
        runtimeKey: reader.requiredString('runtime_key'),
        ratio: reader.read('percent_sampled', readFractionalPercent) ?? 0,
        usesIndependentRandomness: reader.boolean('use_independent_randomness', false),
      };
    case 'and_filter':
      return { kind: 'and', filters: readFilters(reader) };
    case 'or_filter':
      return { kind: 'or', filters: readFilters(reader) };
    case 'header_filter': {
      const header = reader.required('header', readHeaderMatcher);
      return header && { kind: 'header', header };
    }
    case 'response_flag_filter':
      return { kind: 'response_flag', flags: reader.list('flags', (flag, at) => decodeEnum(flag, at, responseFlags)) };
    case 'grpc_status_filter':
      return {
        kind: 'grpc_status',
        statuses: reader.list('statuses', readGrpcStatus),
        exclude: reader.boolean('exclude', false),
      };
    case 'metadata_filter':
      return {
        kind: 'metadata',
        matcher: reader.read('matcher', readMetadataMatcher),
        matchIfKeyNotFound: reader.boolean('match_if_key_not_found', true),
      };
    case 'log_type_filter':
      return {
        kind: 'log_type',
        types: reader.list('types', (type, at) => decodeEnum(type, at, accessLogTypes)),
        exclude: reader.boolean('exclude', false),
      };
    case 'extension_filter':
      reader.scope.error('is not supported: expressions are outside our subset, and it would change what is logged');
      return undefined;
  }
}

function readFilters(reader: MessageReader): readonly AccessLogFilter[] {
  const filters = reader.list('filters', readAccessLogFilter);
  if (filters.length < 2 && !reader.scope.hasErrors) reader.scope.at('filters').error(`has ${filters.length}, must have at least 2`);
  return filters;
}

function readComparison(json: unknown, scope: Scope): Comparison | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const op = reader.enum('op', ['EQ', 'GE', 'LE', 'NE'], 'EQ');
  const value = reader.required('value', readRuntimeUint32);
  reader.done();
  return value && { op, ...value };
}

/** `RuntimeUInt32`. */
function readRuntimeUint32(json: unknown, scope: Scope): { value: number; runtimeKey: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const found = { value: reader.uint32('default_value', 0), runtimeKey: reader.string('runtime_key', '') };
  reader.done();
  return found;
}

/** By their numbers: 0 is OK. */
const grpcStatuses = [
  'OK', 'CANCELED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
] as const;

function readGrpcStatus(json: unknown, scope: Scope): number | undefined {
  const name = decodeEnum(json, scope, grpcStatuses);
  return name === undefined ? undefined : grpcStatuses.indexOf(name);
}
