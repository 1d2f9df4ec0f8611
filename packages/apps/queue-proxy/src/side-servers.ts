/** What else listens beside requests and hooks: the statistics for an autoscaler that scrapes. Loaded after the sidecar serves. */
import { createServer, type RequestListener } from 'node:http';
import type { Clock } from '@sluice/kernel';
import { encodeStat, statMediaType } from '@sluice/stats';
import type { LoadMeter } from './load-meter.ts';
import { statOf } from './stat-of.ts';

export interface StatPageOptions {
  readonly load: LoadMeter;
  readonly podName: string;
  readonly startedAt: number;
  readonly clock: Clock;
}

/** `GET /metrics`: Knative's `Stat` in protobuf. */
export function createStatPage({ load, podName, startedAt, clock }: StatPageOptions): RequestListener {
  return (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const now = clock.now();
    const body = encodeStat(statOf(podName, (now - startedAt) / 1000, load.latest(now)));
    response.writeHead(200, { 'content-type': statMediaType, 'content-length': body.length });
    response.end(body);
  };
}

/** Listens, and gives how to stop; rejects when the port cannot be had. */
export async function listen(page: RequestListener, host: string, port: number): Promise<() => void> {
  const server = createServer(page);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return () => {
    server.close();
    server.closeIdleConnections();
  };
}
