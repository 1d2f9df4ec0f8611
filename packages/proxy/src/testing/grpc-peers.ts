/** A gRPC service for tests: one message in, one out, over HTTP/2 by prior knowledge. */
import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { startTestUpstream, type TestUpstream } from './http-peers.ts';

export interface GrpcQuestion {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: Buffer;
}

export interface GrpcAnswer {
  readonly message?: Uint8Array;
  /** Instead of a message of its own making. */
  readonly body?: Uint8Array;
  readonly status?: number;
  readonly text?: string;
}

/** Undefined never answers. */
export function startGrpcService(answer: (question: GrpcQuestion) => GrpcAnswer | undefined): Promise<TestUpstream> {
  return startTestUpstream('h2', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const given = answer({ path: request.url ?? '', headers: request.headers, message: Buffer.concat(chunks).subarray(5) });
      if (!given) return;
      response.writeHead(200, { 'content-type': 'application/grpc' });
      if (given.body ?? given.message) response.write(given.body ?? framed(given.message ?? Buffer.alloc(0)));
      response.addTrailers({ 'grpc-status': String(given.status ?? 0), 'grpc-message': given.text ?? '' });
      response.end();
    });
  });
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
