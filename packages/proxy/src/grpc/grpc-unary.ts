/** A unary gRPC call through a cluster: one message there, one back (gRPC over HTTP/2). */
import { Buffer } from 'node:buffer';
import { RequestHead, type HeaderBlock } from '@sluice/http';
import type { AsyncCall, AsyncClient, AsyncResult } from '../upstream/async-client.ts';

export interface UnaryCall {
  readonly clusterName: string;
  /** `:authority`; the name of the cluster where it is empty, as Envoy. */
  readonly authority: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  /** In ms; 0 for none. */
  readonly timeoutMs: number;
  readonly metadata?: readonly (readonly [name: string, value: string])[];
  /** An answer without a message will do, as services end streams of which they want nothing more. Default false. */
  readonly mayBeSilent?: boolean;
}

export type UnaryResult =
  | { readonly kind: 'ok'; readonly message: Buffer }
  | { readonly kind: 'failed'; readonly reason: string };

/** A flag for compression, and the length. */
const prefixBytes = 5;

/** Calls back once, possibly before it returns; never after `cancel`. */
export function callUnary(client: AsyncClient, call: UnaryCall, onDone: (result: UnaryResult) => void): AsyncCall {
  const head = RequestHead.of('POST', call.authority || call.clusterName, call.path, { 'content-type': 'application/grpc', te: 'trailers' });
  if (call.timeoutMs > 0) head.set('grpc-timeout', `${Math.ceil(call.timeoutMs)}m`);
  for (const [name, value] of call.metadata ?? []) head.add(name, value);
  const { clusterName, timeoutMs } = call;
  return client.send({ clusterName, head, body: frame(call.message), timeoutMs, prefersHttp2: true }, (result) => onDone(readAnswer(result, call.mayBeSilent ?? false)));
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}

function readAnswer(result: AsyncResult, mayBeSilent: boolean): UnaryResult {
  if (result.kind === 'failed') return result;
  const { head, body, trailers } = result;
  if (head.status !== 200) return { kind: 'failed', reason: `HTTP status ${head.status}` };
  // In the trailers, or in the head where it is all there is.
  const status = statusOf(trailers) ?? statusOf(head);
  if (status !== '0') return { kind: 'failed', reason: `gRPC status ${status ?? 'missing'}: ${trailers?.get('grpc-message') ?? head.get('grpc-message') ?? ''}` };
  if (mayBeSilent && body.length === 0) return { kind: 'ok', message: body };
  if (body.length < prefixBytes || body.length !== prefixBytes + body.readUInt32BE(1)) return { kind: 'failed', reason: 'the answer is not one whole message' };
  if (body[0] !== 0) return { kind: 'failed', reason: 'the answer is compressed, which was not asked for' };
  return { kind: 'ok', message: body.subarray(prefixBytes) };
}

function statusOf(block: HeaderBlock | undefined): string | undefined {
  return block?.get('grpc-status');
}
