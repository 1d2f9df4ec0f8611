/** A proxy on real sockets that runs from a bootstrap whose dynamic resources come from where it says. */
import { request } from 'node:http';
import { createMeter, createSeededRandom, formatProblem, systemClock, systemTimers, type Problem } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { createFileWatcher, createSystemNetwork, loadBootstrap, parseBootstrap, standardFilters, startBootstrapProxy, type BootstrapProxy, type LoadedBootstrap } from '@sluice/proxy';
import type { JsonObject } from '@sluice/xds';
import { LateConfigServices } from '../late-config-services.ts';
import { LoadReporting } from '../load-reporting.ts';

export interface FollowedProxy {
  readonly running: BootstrapProxy;
  readonly logger: RecordingLogger;
  /** What a listener answers: the body, or the status where it is not 200. */
  get(listener?: string, path?: string): Promise<string>;
  /** By Envoy's dotted name, from the admin server; undefined when nobody has counted it. */
  stat(name: string): Promise<number | undefined>;
  /** The admin server's answer. */
  admin(path: string): Promise<{ readonly status: number; readonly body: string }>;
  stop(): Promise<void>;
}

export interface FollowedProxyOptions {
  readonly bootstrap: JsonObject | { readonly path: string };
  readonly cachePath?: string;
  readonly onFileRead?: (path: string, problems: readonly Problem[]) => void;
  readonly workers?: number;
}

/** @throws when it cannot start */
export async function startFollowedProxy({ bootstrap, cachePath, onFileRead, workers = 1 }: FollowedProxyOptions): Promise<FollowedProxy> {
  const loaded = await load(bootstrap);
  const meter = createMeter();
  const logger = new RecordingLogger();
  const shared = { clock: systemClock, timers: systemTimers, random: createSeededRandom(1), logger, meter };
  const started = await startBootstrapProxy({
    ...shared,
    loaded,
    filters: standardFilters,
    network: await createSystemNetwork({ timers: systemTimers, logger, platform: process.platform, poisonsMemory: true }),
    watcher: createFileWatcher(systemTimers),
    ...(onFileRead ? { onFileRead } : {}),
    createSource: (decoded) => new LateConfigServices({ ...shared, bootstrap: decoded, cachePath }),
    workers: { count: workers, settings: { poisonsMemory: true } },
  });
  if (!started.ok) throw new Error(started.problems.map(formatProblem).join('\n'));
  const running = started.value;
  const loadReporting = new LoadReporting({ ...shared, bootstrap: loaded.bootstrap, running });
  loadReporting.start();
  const askAdmin = async (path: string) => {
    const port = running.adminAddress?.port;
    if (port === undefined) throw new Error('the bootstrap asks for no admin server');
    return ask(port, path);
  };
  return {
    running,
    logger,
    get: (listener = 'edge', path = '/') => get(running.proxy.listeners().find(({ name }) => name === listener)?.port, path),
    async stat(name) {
      const { body } = await askAdmin('/stats');
      const line = body.split('\n').find((one) => one.startsWith(`${name}: `));
      return line === undefined ? undefined : Number(line.slice(name.length + 2));
    },
    admin: askAdmin,
    stop() {
      loadReporting.stop();
      return running.stop();
    },
  };
}

async function load(bootstrap: FollowedProxyOptions['bootstrap']): Promise<LoadedBootstrap> {
  const isPath = 'path' in bootstrap && typeof bootstrap.path === 'string' && Object.keys(bootstrap).length === 1;
  const loaded = isPath ? await loadBootstrap({ path: bootstrap.path as string }, standardFilters) : await parseBootstrap(JSON.stringify(bootstrap), 'test.yaml', standardFilters);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.value;
}

async function get(port: number | undefined, path: string): Promise<string> {
  if (port === undefined) return 'no listener';
  try {
    const { status, body } = await ask(port, path);
    return status === 200 ? body : String(status);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}

function ask(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
