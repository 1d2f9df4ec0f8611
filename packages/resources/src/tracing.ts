/** `HttpConnectionManager.Tracing`, and what routes put in its place (`envoy.config.route.v3.Tracing`, `Decorator`). */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readFractionalPercent, readPercent } from './percent.ts';
import { readCustomTag, type CustomTag } from './tracing-tag.ts';
import { readTracingProvider, type TracingProvider } from './tracing-provider.ts';

/** Shares of requests, from 0 to 1. Default 1 each, as Envoy. */
export interface SamplingRatios {
  /** Of those that ask for it by `x-client-trace-id`. */
  readonly clientRatio: number;
  /** Of those that nobody has decided about. */
  readonly randomRatio: number;
  /** Of all that were chosen, for whatever reason. */
  readonly overallRatio: number;
}

export interface Tracing extends SamplingRatios {
  /** Longer paths are cut in spans, in bytes. Default 256, as Envoy. */
  readonly pathBytesMax: number;
  readonly customTags: readonly CustomTag[];
  /** A format string that names spans, whatever routes call them; empty: those do. */
  readonly operation: string;
  /** Absent: whatever the process was told to trace with. */
  readonly provider: TracingProvider | undefined;
}

/** What a route says in place of its connection manager. */
export interface RouteTracing extends SamplingRatios {
  readonly customTags: readonly CustomTag[];
  readonly operation: string;
}

export function readTracing(json: unknown, scope: Scope): Tracing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const tracing = {
    clientRatio: reader.read('client_sampling', readPercent) ?? 1,
    randomRatio: reader.read('random_sampling', readPercent) ?? 1,
    overallRatio: reader.read('overall_sampling', readPercent) ?? 1,
    pathBytesMax: reader.uint32('max_path_tag_length', 256),
    customTags: reader.list('custom_tags', readCustomTag),
    operation: reader.string('operation', ''),
    provider: reader.read('provider', readTracingProvider),
  };
  reader.ignore(['verbose', 'spawn_upstream_span', 'upstream_operation']);
  reader.done();
  return tracing;
}

export function readRouteTracing(json: unknown, scope: Scope): RouteTracing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const tracing = {
    clientRatio: reader.read('client_sampling', readFractionalPercent) ?? 1,
    randomRatio: reader.read('random_sampling', readFractionalPercent) ?? 1,
    overallRatio: reader.read('overall_sampling', readFractionalPercent) ?? 1,
    customTags: reader.list('custom_tags', readCustomTag),
    operation: reader.string('operation', ''),
  };
  reader.ignore(['upstream_operation']);
  reader.done();
  return tracing;
}

/** The name of a route's spans. */
export function readDecorator(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const operation = reader.requiredString('operation');
  reader.ignore(['propagate']);
  reader.done();
  return operation;
}
