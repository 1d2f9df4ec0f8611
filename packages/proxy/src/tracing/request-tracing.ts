/**
 * Tracing in a connection manager that is asked for it: the decision first, then the `traceparent` for the upstream. Only a
 * request that is traced gets an object, and that one becomes a span when the stream ends.
 */
import { Known } from '@sluice/http';
import type { Engine } from '../engine.ts';
import type { Outcome } from '../outcome.ts';
import { withTraceReason } from '../request-id.ts';
import type { Stream } from '../stream.ts';
import { describeRequest, describeStream, type OpenSpan } from './describe-span.ts';
import { isSampled, isTraceParent, isTraceState, spanIdOf, traceIdOf, TraceParentLine } from './trace-context.ts';
import { decideTrace, type TraceReason } from './trace-decision.ts';
import type { TracingConfig } from './tracing-config.ts';
import type { TracingStatistics } from './tracing-statistics.ts';

export class RequestTracing {
  readonly #config: TracingConfig;
  readonly #engine: Engine;
  readonly #statistics: TracingStatistics;
  readonly #parentLine: TraceParentLine;

  constructor(config: TracingConfig, engine: Engine, statPrefix: string) {
    this.#config = config;
    this.#engine = engine;
    this.#statistics = engine.statistics.tracing(statPrefix);
    this.#parentLine = new TraceParentLine(engine.random);
  }

  /** When the route is known. Undefined: no span is wanted. */
  begin(stream: Stream): OpenSpan | undefined {
    const { request, info, route } = stream;
    const parent = parentOf(stream);
    const ratios = route?.tracing ?? this.#config;
    const parentSampled = parent === undefined ? undefined : isSampled(parent);
    const reason = decideTrace(request, parentSampled, ratios, this.#engine.random, this.#config);
    this.#statistics.count(reason);
    let isTraced = reason !== 'none';
    if (parent === undefined) this.#parentLine.begin(isTraced);
    else this.#parentLine.follow(parent, isTraced);
    if (this.#config.sampler) {
      isTraced = this.#config.sampler(parentSampled, traceIdOf(this.#parentLine.text));
      this.#parentLine.sample(isTraced);
    }
    request.setLine(this.#parentLine.line);
    info.hasTrace = true;
    if (this.#config.packsReason) noteReason(stream, reason);
    if (!isTraced || !this.#engine.tracer) return undefined;
    info.traceOrigin = this.#config.origin;
    const own = this.#parentLine.text;
    return {
      traceId: traceIdOf(own),
      spanId: spanIdOf(own),
      parentSpanId: parent === undefined ? '' : spanIdOf(parent),
      traceState: request.get('tracestate') ?? '',
      name: (route?.tracing?.nameOf ?? this.#config.nameOf)?.(stream) ?? route?.operation ?? nameOf(stream),
      attributes: describeRequest(stream, this.#config),
    };
  }

  /** When the stream has ended. Whoever takes the span must not be able to end the proxy's work with it. */
  end(stream: Stream, span: OpenSpan, outcome: Outcome): void {
    const { info } = stream;
    if (info.isHealthCheck) return this.#statistics.healthChecks.add();
    try {
      this.#engine.tracer?.record(describeStream(stream, span, outcome, this.#config));
    } catch (error) {
      this.#engine.logger.error('tracer failed', { error });
    }
  }
}

/** The caller's span. What cannot be believed begins a new trace, and what belongs to it is taken away. */
function parentOf({ request }: Stream): string | undefined {
  const given = (request.known & Known.traceParent) === 0 ? undefined : request.get('traceparent');
  const parent = given !== undefined && isTraceParent(given) ? given : undefined;
  if ((request.known & Known.traceState) !== 0 && (parent === undefined || !isTraceState(request.get('tracestate') ?? ''))) request.removeKnown(Known.traceState);
  return parent;
}

/** Others read from the request's identifier whether it is traced. */
function noteReason({ request }: Stream, reason: TraceReason): void {
  if (reason === 'none' || (request.known & Known.requestId) === 0) return;
  const given = request.get('x-request-id') ?? '';
  const noted = withTraceReason(given, reason);
  if (noted !== given) request.set('x-request-id', noted);
}

/** Of low cardinality, as OpenTelemetry asks of names: paths stand in an attribute. */
function nameOf({ request, info }: Stream): string {
  return info.routeName === '' ? request.method : `${request.method} ${info.routeName}`;
}
