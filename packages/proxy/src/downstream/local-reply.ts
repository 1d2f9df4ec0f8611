/** Answers of the proxy's own, in the client's protocol. */
import { Buffer } from 'node:buffer';
import { ResponseHead, type RequestHead } from '@sluice/http';
import { grpcStatusOf, type Outcome } from '../outcome.ts';
import type { LocalReply } from '../stream.ts';

export interface RenderedReply {
  readonly head: ResponseHead;
  readonly body: Buffer;
}

const noBody = Buffer.alloc(0);

/** Tells a client that somebody before it has more than enough to do (Envoy's `x-envoy-overloaded`). */
const overloaded: Readonly<Record<string, string>> = { 'x-envoy-overloaded': 'true' };

/** What a client is told of an end that leaves it without an answer. */
export function replyOf({ status, grpcStatus, body, details, flag }: Outcome): LocalReply {
  const saysMore = grpcStatus !== grpcStatusOf(status);
  return { status, ...(saysMore && { grpcStatus }), body, details, ...(flag && { flag }), ...(flag === 'UO' && { headers: overloaded }) };
}

/** A gRPC client gets a head that is all there is (trailers-only) with its kind of status; others get text. */
export function renderLocalReply(request: RequestHead, reply: LocalReply): RenderedReply {
  return isGrpc(request) ? renderGrpc(reply) : renderText(request, reply);
}

function isGrpc(request: RequestHead): boolean {
  const type = request.get('content-type');
  return type !== undefined && /^application\/grpc(?:$|[+;])/i.test(type);
}

function renderText(request: RequestHead, reply: LocalReply): RenderedReply {
  const body = reply.body === undefined || reply.body === '' ? noBody : Buffer.from(reply.body, 'utf8');
  const head = ResponseHead.of(reply.status, reply.headers);
  const bodyAllowed = reply.status >= 200 && reply.status !== 204 && reply.status !== 304;
  if (bodyAllowed) {
    head.set('content-length', String(body.length));
    if (body.length > 0) head.set('content-type', reply.contentType ?? 'text/plain');
  }
  const sendsBody = bodyAllowed && body.length > 0 && request.method !== 'HEAD';
  head.framing = sendsBody ? 'length' : 'none';
  head.contentLength = sendsBody ? body.length : 0;
  return { head, body: sendsBody ? body : noBody };
}

function renderGrpc(reply: LocalReply): RenderedReply {
  const head = ResponseHead.of(200, { ...reply.headers, 'content-type': 'application/grpc', 'content-length': '0' });
  head.set('grpc-status', String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
  if (reply.body) head.set('grpc-message', percentEncode(reply.body));
  return { head, body: noBody };
}

/** gRPC's own percent-encoding: printable ASCII but `%` stays (gRPC over HTTP/2, "Status-Message"). */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
