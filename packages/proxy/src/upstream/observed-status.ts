/** The HTTP status that a response stands for: gRPC servers answer 200 and say in `grpc-status` how it went. */
import type { ResponseHead } from '@sluice/http';

/** Envoy's mapping of gRPC statuses, by number from OK (0) to UNAUTHENTICATED (16). */
const httpStatusByGrpc = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** Counts a gRPC status only where it comes with the head: what follows a body comes too late to say. */
export function observedStatus(head: ResponseHead): number {
  if (head.status !== 200) return head.status;
  const grpcStatus = head.get('grpc-status');
  return grpcStatus === undefined ? 200 : (httpStatusByGrpc[Number(grpcStatus)] ?? 500);
}
