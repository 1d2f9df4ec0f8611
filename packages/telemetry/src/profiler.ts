/**
 * A profiler to be asked over HTTP, at the paths of Go's: `/debug/pprof/profile?seconds=30` for what the CPU does, and
 * `/debug/pprof/heap` for what has been allocated and is still there. What comes back is V8's own form (`.cpuprofile`, `.heapprofile`), which
 * Chrome's DevTools and speedscope open. https://knative.dev/docs/serving/observability/ calls for port 8008
 */
import { createServer, type ServerResponse } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { Timers } from '@sluice/kernel';

export interface ProfilerOptions {
  readonly host: string;
  /** Knative's is 8008. */
  readonly port: number;
  readonly timers: Timers;
}

export interface Profiler {
  readonly port: number;
  close(): Promise<void>;
}

/** Go's default, and the most that is given. */
const SECONDS = 30;
const SECONDS_MAX = 300;

/** Listens. Rejects when the port cannot be had. */
export async function startProfiler({ host, port, timers }: ProfilerOptions): Promise<Profiler> {
  let isBusy = false;

  async function answer(path: string, seconds: number, response: ServerResponse): Promise<void> {
    if (path === '/debug/pprof/' || path === '/debug/pprof') {
      response.end('/debug/pprof/profile?seconds=30\n/debug/pprof/heap?seconds=30\n');
      return;
    }
    const take = takers[path];
    if (!take || isBusy) {
      response.writeHead(take ? 409 : 404).end(take ? 'a profile is being taken\n' : 'not found\n');
      return;
    }
    isBusy = true;
    const session = new Session();
    session.connect();
    try {
      const profile = await take(session, () => new Promise((resolve) => void timers.after(seconds * 1000, resolve)));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(profile));
    } finally {
      session.disconnect();
      isBusy = false;
    }
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const asked = Number(url.searchParams.get('seconds') ?? SECONDS);
    const seconds = asked > 0 ? Math.min(asked, SECONDS_MAX) : SECONDS;
    answer(url.pathname, seconds, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Take = (session: Session, wait: () => Promise<void>) => Promise<unknown>;

const takers: Readonly<Record<string, Take>> = {
  async '/debug/pprof/profile'(session, wait) {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await wait();
    return (await session.post('Profiler.stop')).profile;
  },
  async '/debug/pprof/heap'(session, wait) {
    await session.post('HeapProfiler.startSampling');
    await wait();
    return (await session.post('HeapProfiler.stopSampling')).profile;
  },
};
