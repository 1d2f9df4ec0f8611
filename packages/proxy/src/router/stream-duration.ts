/** How long a stream of a route may last: what the route says, what a gRPC client says, and what the connection manager allows. */
import type { RequestHead } from '@sluice/http';
import type { MaxStreamDuration } from '@sluice/resources';
import { isGrpcRequest } from './head-test.ts';

/** In ms; 0 is without limit. `usualMs` holds where the route says nothing. */
export function streamDurationMs({ durationMs, grpcTimeoutMaxMs, grpcTimeoutOffsetMs }: MaxStreamDuration, head: RequestHead, usualMs: number): number {
  if (grpcTimeoutMaxMs !== undefined && isGrpcRequest(head)) {
    const asked = grpcTimeoutMs(head.get('grpc-timeout'));
    if (asked !== undefined) {
      const capped = grpcTimeoutMaxMs === 0 ? asked : Math.min(asked, grpcTimeoutMaxMs);
      // The client's own deadline comes first by the offset; one that leaves nothing is not taken to mean no limit.
      return Math.max(1, capped - grpcTimeoutOffsetMs);
    }
  }
  return durationMs ?? usualMs;
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** At most eight digits and a unit (gRPC over HTTP/2, "Timeout"). */
function grpcTimeoutMs(value: string | undefined): number | undefined {
  const parts = /^(\d{1,8})([HMSmun])$/.exec(value ?? '');
  return parts ? Number(parts[1]) * (unitMs[parts[2] as string] as number) : undefined;
}

/** What a router before this one has announced, where it is listened to; it knows how long it will wait. */
export function expectedTimeoutMs(head: RequestHead, usualMs: number): number {
  const announced = head.get('x-envoy-expected-rq-timeout-ms');
  return announced !== undefined && /^\d{1,10}$/.test(announced) ? Number(announced) : usualMs;
}
