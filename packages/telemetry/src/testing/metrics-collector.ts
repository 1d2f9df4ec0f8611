/** A collector of OTLP metrics, over HTTP and over gRPC, that keeps what it is sent. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { readMetrics, type CollectedMetrics } from './otlp-reader.ts';

export type { CollectedMetric, CollectedMetrics } from './otlp-reader.ts';

export interface TestMetricsCollector {
  /** Over HTTP with a path and no scheme, over gRPC `host:port`. */
  readonly endpoint: string;
  /** Each push, in the order in which they came. */
  readonly pushes: readonly CollectedMetrics[];
  stop(): Promise<void>;
}

const servicePath = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

/** @param status what HTTP answers with; over gRPC everything but 200 is `UNAVAILABLE` */
export async function startMetricsCollector(protocol: 'http/protobuf' | 'grpc', status = 200): Promise<TestMetricsCollector> {
  const pushes: CollectedMetrics[] = [];
  const keep = (bytes: Buffer): void => void pushes.push(readMetrics(bytes));
  const server = protocol === 'grpc' ? createGrpc(keep, status) : createHttp(keep, status);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint: protocol === 'grpc' ? address : `${address}/v1/metrics`, pushes, stop: () => new Promise((resolve) => void server.close(() => resolve())) };
}

function createHttp(keep: (bytes: Buffer) => void, status: number): Server {
  return createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (request.url === '/v1/metrics' && request.headers['content-type'] === 'application/x-protobuf') keep(Buffer.concat(pieces));
      response.writeHead(status, { connection: 'close' }).end();
    });
  });
}

function createGrpc(keep: (bytes: Buffer) => void, status: number): Http2Server {
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      // A message of gRPC: whether it is compressed, and its length, before it.
      if (headers[':path'] === servicePath) keep(Buffer.concat(pieces).subarray(5));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status === 200 ? '0' : '14' }));
      stream.end(status === 200 ? Buffer.alloc(5) : undefined);
    });
  });
  return server;
}
