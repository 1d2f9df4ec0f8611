/** The HTTP status that a response stands for: gRPC servers answer 200 and say in `grpc-status` how it went. */
import type { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import type { UpstreamCodec } from '../codec.ts';

/** Envoy's mapping of gRPC statuses, by number from OK (0) to UNAUTHENTICATED (16). */
const httpStatusByGrpc = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** Counts a gRPC status only where it comes with the head: what follows a body comes too late to say. */
export function observedStatus(head: ResponseHead): number {
  if (head.status !== 200) return head.status;
  const grpcStatus = head.get('grpc-status');
  return grpcStatus === undefined ? 200 : httpStatusOfGrpc(grpcStatus);
}

/** 500 for what is none: only those that are 500 or more count as failures of a server. */
export function httpStatusOfGrpc(grpcStatus: string): number {
  return httpStatusByGrpc[Number(grpcStatus)] ?? 500;
}

/** Whether how a response went is said in `grpc-status`. Such requests come on HTTP/2, and with a body, so others cost no look at their headers. */
export function speaksGrpc(request: RequestHead, codec: Pick<UpstreamCodec, 'protocol'> | undefined): boolean {
  return codec?.protocol === 'HTTP/2' && request.framing !== 'none' && request.get('content-type')?.startsWith('application/grpc') === true;
}

/** How a gRPC response ended that did not say it with its head: to say nothing at all is a failure, too. */
export function failedByTrailers(trailers: Trailers | undefined): boolean {
  const grpcStatus = trailers?.get('grpc-status');
  return grpcStatus === undefined || httpStatusOfGrpc(grpcStatus) >= 500;
}
