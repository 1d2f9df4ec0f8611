/** What is measured over HTTP/2, and what it must reach beside a plain proxy on `node:http2`, as the median over rounds. */
export interface Work {
  readonly name: string;
  readonly title: string;
  /** Most that the ratio may be, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
  readonly connections: number;
  /** Requests at once on each. */
  readonly streams: number;
  readonly headers: readonly string[];
  /** Bytes of each request's body; 0 for a GET. */
  readonly uploadBytes: number;
}

/** By this target's cost the others' are divided. */
export const peer = 'node-http2';

export const targetNames: readonly string[] = [peer, 'nginx-grpc', 'haproxy', 'sluice'];

export const works: readonly Work[] = [
  { name: 'get', title: 'GET, 10 connections of 10 streams', must: 0.8, aim: 0.3, connections: 10, streams: 10, headers: [], uploadBytes: 0 },
  { name: 'post-1k', title: '1 KiB upload with te: trailers, as gRPC unary, 10 connections of 10 streams', must: 0.8, aim: 0.3, connections: 10, streams: 10, headers: ['te: trailers'], uploadBytes: 1024 },
];
