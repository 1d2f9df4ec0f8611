/**
 * What is measured over HTTP/1.1, and what each must reach: the ratio of our CPU time per request to the peer's, as the
 * median over rounds.
 */
export interface Work {
  readonly name: string;
  readonly title: string;
  /** Most that the ratio may be, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
  /** By this target's cost the others' are divided. */
  readonly peer: string;
  /** Names of targets; those that are not installed are left out. */
  readonly targets: readonly string[];
  readonly connections: number;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** The body of each request, sent at once or in chunks of so many bytes. */
  readonly upload?: { readonly bytes: number; readonly chunkBytes?: number };
  readonly scheme?: 'https';
}

const everybody = ['nginx', 'haproxy', 'sluice'];

export const works: readonly Work[] = [
  { name: 'small-50', title: 'small reply, 50 connections', must: 1.25, aim: 1, peer: 'nginx', targets: [...everybody, 'http-proxy-middleware'], connections: 50 },
  { name: 'small-1', title: 'small reply, 1 connection', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 1 },
  { name: 'small-200', title: 'small reply, 200 connections', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 200 },
  { name: 'instruments', title: 'with limiter, load statistics, access log and tracing', must: 1.5, aim: 1.2, peer: 'nginx-log', targets: ['nginx-log', 'sluice-instruments'], connections: 50 },
  { name: '10k', title: '10 KiB reply', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 50, path: '/files/10k' },
  { name: '1m', title: '1 MiB reply', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 50, path: '/files/1m' },
  { name: 'post-1k', title: '1 KiB upload', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 50, upload: { bytes: 1024 } },
  { name: 'post-64k', title: '64 KiB upload', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 50, upload: { bytes: 65_536 } },
  { name: 'post-chunked', title: 'upload of four 1 KiB chunks', must: 1.25, aim: 1, peer: 'nginx', targets: everybody, connections: 50, upload: { bytes: 4096, chunkBytes: 1024 } },
  { name: 'connections', title: 'a new connection per request', must: 1.7, aim: 1.7, peer: 'nginx', targets: everybody, connections: 50, headers: ['Connection: close'] },
  {
    name: 'hosts', title: '1,000 virtual hosts × 10 routes with header matches, against one route', must: 1.2, aim: 1.2, peer: 'sluice', targets: ['sluice', 'sluice-hosts'], connections: 50,
    headers: ['Host: host-777.example', 'X-Variant: variant-5'],
  },
  { name: 'tls', title: 'TLS 1.3, small reply', must: 1.5, aim: 1.5, peer: 'nginx-tls', targets: ['nginx-tls', 'sluice-tls'], connections: 50, scheme: 'https' },
];
