/** `envoy.extensions.filters.http.fault.v3.HTTPFault`, on the filter or on a route. */
import type { Checked } from '@sluice/kernel';
import {
  decodeDocument,
  MessageReader,
  readFractionalPercent,
  readHeaderMatcher,
  type DecodeOptions,
  type HeaderMatcher,
  type Scope,
} from '@sluice/resources';

export const faultTypeUrl = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';

export interface FaultConfig {
  readonly delay: DelayConfig | undefined;
  readonly abort: AbortConfig | undefined;
  /** How fast responses may be. */
  readonly responseRate: RateConfig | undefined;
  /** Only requests for this cluster; empty for all. */
  readonly upstreamCluster: string;
  /** Only requests whose headers match all of these. */
  readonly headers: readonly HeaderMatcher[];
  /** Only requests of these nodes (`x-envoy-downstream-service-node`); empty for all. */
  readonly downstreamNodes: readonly string[];
  /** Requests that may be held or aborted at once; undefined for any number. */
  readonly activeFaultsMax: number | undefined;
}

/** How long; `by-header` leaves it to `x-envoy-fault-delay-request`. */
export type DelayConfig = Fraction & ({ readonly kind: 'fixed'; readonly delayMs: number } | { readonly kind: 'by-header' });

/** With what; `by-header` leaves it to `x-envoy-fault-abort-request` or `x-envoy-fault-abort-grpc-request`. */
export type AbortConfig = Fraction &
  ({ readonly kind: 'http'; readonly status: number } | { readonly kind: 'grpc'; readonly grpcStatus: number } | { readonly kind: 'by-header' });

/** How fast, in bytes per second; `by-header` leaves it to `x-envoy-fault-throughput-response`, in KiB per second. */
export type RateConfig = Fraction & ({ readonly kind: 'fixed'; readonly bytesPerSecond: number } | { readonly kind: 'by-header' });

export interface Fraction {
  /** Share of requests, 0 to 1. Default 0, as Envoy. */
  readonly ratio: number;
  /** How fine the share is counted: what a header says is in these parts. */
  readonly parts: number;
}

export function decodeFault(value: unknown, path: string, options?: DecodeOptions): Checked<FaultConfig> {
  return decodeDocument(value, path, options, readFault);
}

function readFault(json: unknown, scope: Scope): FaultConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: FaultConfig = {
    delay: reader.read('delay', readDelay),
    abort: reader.read('abort', readAbort),
    responseRate: reader.read('response_rate_limit', readRate),
    upstreamCluster: reader.string('upstream_cluster', ''),
    headers: reader.list('headers', readHeaderMatcher),
    downstreamNodes: reader.strings('downstream_nodes'),
    activeFaultsMax: reader.uint32('max_active_faults'),
  };
  reader.ignore([
    'delay_percent_runtime',
    'abort_percent_runtime',
    'delay_duration_runtime',
    'abort_http_status_runtime',
    'abort_grpc_status_runtime',
    'max_active_faults_runtime',
    'response_rate_limit_percent_runtime',
    'disable_downstream_cluster_stats',
    'filter_metadata',
  ]);
  reader.done();
  return config;
}

function readDelay(json: unknown, scope: Scope): DelayConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['fixed_delay', 'header_delay'], true);
  const fraction = readFraction(reader);
  const delayMs = kind === 'fixed_delay' ? reader.durationMs(kind, 0) : 0;
  if (kind === 'fixed_delay' && delayMs === 0) scope.at(kind).error('is 0s, must be longer');
  if (kind === 'header_delay') reader.read(kind, readNothing);
  reader.only('type', 'FIXED');
  reader.done();
  if (kind === undefined) return undefined;
  return kind === 'fixed_delay' ? { kind: 'fixed', delayMs, ...fraction } : { kind: 'by-header', ...fraction };
}

function readAbort(json: unknown, scope: Scope): AbortConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['http_status', 'grpc_status', 'header_abort'], true);
  const fraction = readFraction(reader);
  let abort: AbortConfig | undefined;
  if (kind === 'http_status') abort = { kind: 'http', status: reader.uint32(kind, 0, { min: 200, max: 599 }), ...fraction };
  if (kind === 'grpc_status') abort = { kind: 'grpc', grpcStatus: reader.uint32(kind, 0), ...fraction };
  if (kind === 'header_abort') {
    reader.read(kind, readNothing);
    abort = { kind: 'by-header', ...fraction };
  }
  reader.done();
  return abort;
}

function readRate(json: unknown, scope: Scope): RateConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['fixed_limit', 'header_limit'], true);
  const fraction = readFraction(reader);
  let rate: RateConfig | undefined;
  if (kind === 'header_limit') {
    reader.read(kind, readNothing);
    rate = { kind: 'by-header', ...fraction };
  } else if (kind === 'fixed_limit') {
    const limitKbps = reader.read(kind, (inner, at) => {
      const limit = MessageReader.open(inner, at);
      const kbps = limit?.uint32('limit_kbps', 0, { min: 1 });
      if (limit && !limit.has('limit_kbps')) at.at('limit_kbps').error('is required');
      limit?.done();
      return kbps;
    });
    rate = { kind: 'fixed', bytesPerSecond: (limitKbps ?? 0) * 1024, ...fraction };
  }
  reader.done();
  return rate;
}

const partsByDenominator = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

function readFraction(reader: MessageReader): Fraction {
  const parts = reader.read('percentage', (json, scope) => {
    const percentage = MessageReader.open(json, scope);
    return percentage && partsByDenominator[percentage.enum('denominator', ['HUNDRED', 'TEN_THOUSAND', 'MILLION'], 'HUNDRED')];
  });
  return { ratio: reader.read('percentage', readFractionalPercent) ?? 0, parts: parts ?? 100 };
}

function readNothing(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}
