/** Spans for what a filter does within a request's own span: waiting for capacity. Only for requests that are traced. */
import type { Random, Tracer } from '@sluice/kernel';
import type { Stream } from '../stream.ts';
import { spanIdOf, traceIdOf } from './trace-context.ts';

/** @param startAt monotonic milliseconds, as is `endAt` */
export function recordChildSpan(tracer: Tracer, random: Random, { request, info }: Stream, name: string, startAt: number, endAt: number): void {
  const origin = info.traceOrigin;
  const own = request.get('traceparent');
  // Without an origin nobody traces it here, whatever the header says.
  if (!origin || own === undefined) return;
  const startWallTime = info.startWallTime + (startAt - info.startAt);
  tracer.record({
    traceId: traceIdOf(own),
    spanId: drawSpanId(random),
    parentSpanId: spanIdOf(own),
    traceState: request.get('tracestate') ?? '',
    name,
    kind: 'internal',
    startWallTime,
    endWallTime: startWallTime + Math.max(0, endAt - startAt),
    attributes: {},
    status: 'unset',
    origin,
  });
}

function drawSpanId(random: Random): string {
  const word = (): string => (Math.floor(random.next() * 0x1_0000_0000) >>> 0).toString(16).padStart(8, '0');
  const id = word() + word();
  return /^0+$/.test(id) ? '0000000000000001' : id;
}
