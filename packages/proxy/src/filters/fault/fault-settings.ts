/** What a fault configuration says about one request: whether it is meant, how long it waits, with what it is aborted. */
import type { RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { happens } from '../chance.ts';
import type { FilterContext } from '../filter.ts';
import { compileHeaderMatchers } from '../header-tests.ts';
import type { AbortConfig, DelayConfig, FaultConfig, Fraction, RateConfig } from './fault-config.ts';

export interface Abort {
  readonly status: number;
  readonly grpcStatus: number | undefined;
}

/** A configuration that can be asked. */
export interface FaultSettings {
  readonly activeFaultsMax: number;
  concerns(stream: Stream): boolean;
  /** In ms; 0 for not at all. */
  delayOf(request: RequestHead, random: Random): number;
  abortOf(request: RequestHead, random: Random): Abort | undefined;
  /** In bytes per second; 0 for as fast as may be. */
  responseRateOf(request: RequestHead, random: Random): number;
}

export function compileFault({ delay, abort, responseRate, upstreamCluster, headers, downstreamNodes, activeFaultsMax }: FaultConfig, { patterns }: FilterContext): FaultSettings {
  const headersMatch = compileHeaderMatchers(headers, 'headers', patterns);
  return {
    activeFaultsMax: activeFaultsMax ?? Number.POSITIVE_INFINITY,
    concerns: ({ request, route }) =>
      (upstreamCluster === '' || (route?.action.kind === 'forward' && route.action.clusterName === upstreamCluster)) &&
      (downstreamNodes.length === 0 || downstreamNodes.includes(request.get('x-envoy-downstream-service-node') ?? '')) &&
      headersMatch(request),
    delayOf: (request, random) => (delay && happens(ratioOf(delay, request, 'delay'), random) ? durationOf(delay, request) : 0),
    abortOf: (request, random) => (abort && happens(ratioOf(abort, request, 'abort'), random) ? statusOf(abort, request) : undefined),
    responseRateOf: (request, random) => (responseRate && happens(ratioOf(responseRate, request, 'throughput'), random) ? rateOf(responseRate, request) : 0),
  };
}

/** A header may ask for a smaller share than is configured, when faults are controlled by headers. */
function ratioOf(fault: (DelayConfig | AbortConfig | RateConfig) & Fraction, request: RequestHead, what: 'delay' | 'abort' | 'throughput'): number {
  if (fault.kind !== 'by-header') return fault.ratio;
  const wanted = numberIn(request, what === 'throughput' ? 'x-envoy-fault-throughput-response-percentage' : `x-envoy-fault-${what}-request-percentage`);
  return wanted === undefined ? fault.ratio : Math.min(fault.ratio, wanted / fault.parts);
}

function durationOf(delay: DelayConfig, request: RequestHead): number {
  return delay.kind === 'fixed' ? delay.delayMs : (numberIn(request, 'x-envoy-fault-delay-request') ?? 0);
}

function rateOf(rate: RateConfig, request: RequestHead): number {
  return rate.kind === 'fixed' ? rate.bytesPerSecond : (numberIn(request, 'x-envoy-fault-throughput-response') ?? 0) * 1024;
}

function statusOf(abort: AbortConfig, request: RequestHead): Abort | undefined {
  if (abort.kind === 'http') return { status: abort.status, grpcStatus: undefined };
  if (abort.kind === 'grpc') return grpcAbort(abort.grpcStatus);
  const status = numberIn(request, 'x-envoy-fault-abort-request');
  if (status !== undefined && status >= 200 && status < 600) return { status, grpcStatus: undefined };
  const grpcStatus = numberIn(request, 'x-envoy-fault-abort-grpc-request');
  return grpcStatus === undefined ? undefined : grpcAbort(grpcStatus);
}

function grpcAbort(grpcStatus: number): Abort {
  return { status: httpStatuses[grpcStatus] ?? 500, grpcStatus };
}

/** By gRPC status, for clients that do not speak gRPC: Envoy's `grpcToHttpStatus`. */
const httpStatuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

function numberIn(request: RequestHead, name: string): number | undefined {
  const value = request.get(name);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
