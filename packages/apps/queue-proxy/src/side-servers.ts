/**
 * What else listens beside the requests: `/wait-for-drain` for hooks that run before a container stops, and the
 * statistics for an autoscaler that scrapes. Loaded after the sidecar serves.
 */
import { createServer, type RequestListener } from 'node:http';
import type { Clock, Timers } from '@sluice/kernel';
import type { Drainer } from '@sluice/proxy';
import { encodeStat } from './encode-stat.ts';
import type { LoadMeter } from './load-meter.ts';

/** How long after `/wait-for-drain` the word to go must follow; else it was a restart of a container. Knative's. Milliseconds. */
const TERMINATION_WAIT_MS = 1000;

export interface DrainPageOptions {
  readonly drainer: Drainer;
  readonly timers: Timers;
  /** Whether the pod itself has been told to stop. */
  readonly isTerminating: () => boolean;
}

/** `GET /wait-for-drain` begins to drain and answers when that is done, or when it turned out to be a false alarm. */
export function createDrainPage({ drainer, timers, isTerminating }: DrainPageOptions): RequestListener {
  return (request, response) => {
    if (request.url?.split('?')[0] !== '/wait-for-drain') {
      response.writeHead(404).end();
      return;
    }
    drainer.drain(() => response.writeHead(200).end());
    timers.after(TERMINATION_WAIT_MS, () => {
      if (!isTerminating()) drainer.undrain();
    });
  };
}

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
    response.writeHead(200, { 'content-type': 'application/protobuf' });
    response.end(encodeStat(podName, (now - startedAt) / 1000, load.latest(now)));
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
