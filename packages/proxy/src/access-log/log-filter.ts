/**
 * Access-log filters, compiled to one test of a stream. They also choose among the rules for local replies, so they look at
 * nothing that is not known when a reply is made; what is not known yet does not match.
 */
import type { AccessLogFilter, Comparison } from '@sluice/resources';
import type { CompileEnvironment } from '../compile-environment.ts';
import { isTraced } from '../request-id.ts';
import { compileHeaderMatcher } from '../router/head-test.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileMetadataTest } from '../router/metadata-test.ts';
import { grpcStatusNumberOf } from '../substitution/grpc-status.ts';
import type { FormatSource } from '../substitution/format-source.ts';

export type LogFilter = (source: FormatSource) => boolean;

export interface LogFilterContext {
  readonly patterns: PatternCompiler;
  readonly environment: CompileEnvironment;
}

export function compileLogFilter(filter: AccessLogFilter, path: string, context: LogFilterContext): LogFilter {
  switch (filter.kind) {
    case 'status_code': {
      const holds = compileComparison(filter.comparison, context);
      return ({ info }) => holds(info.status);
    }
    case 'duration': {
      const holds = compileComparison(filter.comparison, context);
      return ({ info }) => info.endAt > 0 && holds(Math.floor(info.endAt - info.startAt));
    }
    case 'not_health_check':
      return ({ info }) => !info.isHealthCheck;
    case 'traceable':
      return ({ request }) => isTraced(request.get('x-request-id'));
    case 'runtime':
      return compileRuntime(filter, context);
    case 'and':
    case 'or':
      return compileAll(filter, path, context);
    case 'header': {
      const matches = compileHeaderMatcher(filter.header, `${path}.header_filter.header`, context.patterns);
      return ({ request }) => matches(request);
    }
    case 'response_flag': {
      const { flags } = filter;
      if (flags.length === 0) return ({ info }) => info.flags !== '';
      return ({ info }) => info.flags !== '' && info.flags.split(',').some((flag) => flags.includes(flag));
    }
    case 'grpc_status': {
      const statuses = new Set(filter.statuses);
      return (source) => statuses.has(grpcStatusNumberOf(source) ?? grpcStatusOfHttp(source.info.status)) !== filter.exclude;
    }
    case 'metadata': {
      const { matcher, matchIfKeyNotFound } = filter;
      if (!matcher) return () => true;
      const test = compileMetadataTest(matcher, `${path}.metadata_filter.matcher`, context.patterns);
      return ({ info }) => test(info.dynamicMetadata) ?? matchIfKeyNotFound;
    }
    case 'log_type': {
      const types = new Set<string>(filter.types);
      return ({ info }) => types.has(info.logType) !== filter.exclude;
    }
  }
}

function compileComparison({ op, value, runtimeKey }: Comparison, { environment }: LogFilterContext): (found: number) => boolean {
  const wanted = environment.runtime.number(runtimeKey, value);
  switch (op) {
    case 'EQ':
      return (found) => found === wanted();
    case 'NE':
      return (found) => found !== wanted();
    case 'GE':
      return (found) => found >= wanted();
    case 'LE':
      return (found) => found <= wanted();
  }
}

/** By the request's id, so that all proxies on its way choose alike; by chance where there is none or the filter asks for it. */
function compileRuntime(filter: AccessLogFilter & { kind: 'runtime' }, { environment }: LogFilterContext): LogFilter {
  const ratio = environment.runtime.ratio(filter.runtimeKey, filter.ratio);
  const { random } = environment;
  return ({ request }) => {
    const id = filter.usesIndependentRandomness ? undefined : request.get('x-request-id');
    const drawn = id === undefined ? Number.NaN : Number.parseInt(id.slice(0, 8), 16) / 0x1_0000_0000;
    return (Number.isNaN(drawn) ? random.next() : drawn) < ratio();
  };
}

function compileAll(filter: AccessLogFilter & { kind: 'and' | 'or' }, path: string, context: LogFilterContext): LogFilter {
  const inner = filter.filters.map((one, index) => compileLogFilter(one, `${path}.${filter.kind}_filter.filters[${index}]`, context));
  return filter.kind === 'and' ? (source) => inner.every((holds) => holds(source)) : (source) => inner.some((holds) => holds(source));
}

/** What a gRPC client makes of a status without a `grpc-status` (gRPC's http-grpc-status-mapping). */
function grpcStatusOfHttp(status: number): number {
  return httpToGrpc[status] ?? (status >= 200 && status < 300 ? 0 : 2);
}

const httpToGrpc: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };
