/** Spans for what a filter does within a request's own span: waiting for capacity, passing on. Only for requests that are traced. */
import type { Random, Span, Tracer } from '@sluice/kernel';
import type { Stream } from '../stream.ts';
import { spanIdOf, traceIdOf, withSpanId } from './trace-context.ts';

/** Where a span stands in its trace. */
export interface PartSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** Times are monotonic milliseconds. */
export interface SpanPart {
  readonly name: string;
  readonly startAt: number;
  readonly endAt: number;
  /** Default `unset`. */
  readonly status?: Span['status'];
}

/** One that began and has ended, beneath the span that `traceparent` names. */
export function recordChildSpan(tracer: Tracer, random: Random, stream: Stream, part: SpanPart): void {
  const parent = stream.request.get('traceparent');
  if (parent !== undefined) closePartSpan(tracer, stream, { spanId: drawSpanId(random), parentSpanId: spanIdOf(parent) }, part);
}

/**
 * Begins a span that the next hop stands beneath: from now on `traceparent` names it, so that spans recorded later in this
 * request are beneath it, too. Undefined: nobody traces the request here.
 */
export function openPartSpan(random: Random, { request, info }: Stream): PartSpan | undefined {
  const own = request.get('traceparent');
  if (!info.traceOrigin || own === undefined) return undefined;
  const spanId = drawSpanId(random);
  const parentSpanId = spanIdOf(own);
  request.set('traceparent', withSpanId(own, spanId));
  return { spanId, parentSpanId };
}

/** The span has ended. */
export function closePartSpan(tracer: Tracer, { request, info }: Stream, ids: PartSpan, { name, startAt, endAt, status = 'unset' }: SpanPart): void {
  const origin = info.traceOrigin;
  const own = request.get('traceparent');
  // Without an origin nobody traces it here, whatever the header says.
  if (!origin || own === undefined) return;
  const startWallTime = info.startWallTime + (startAt - info.startAt);
  tracer.record({
    traceId: traceIdOf(own),
    ...ids,
    traceState: request.get('tracestate') ?? '',
    name,
    kind: 'internal',
    startWallTime,
    endWallTime: startWallTime + Math.max(0, endAt - startAt),
    attributes: {},
    status,
    origin,
  });
}

function drawSpanId(random: Random): string {
  const word = (): string => (Math.floor(random.next() * 0x1_0000_0000) >>> 0).toString(16).padStart(8, '0');
  const id = word() + word();
  return /^0+$/.test(id) ? '0000000000000001' : id;
}
