/** The clients of the config service as processes, each told of it in its own way. */
import { spawn } from 'node:child_process';
import { createApiServer, createMemoryStorage, serveApiServer, writeKubeconfig } from '@sluice/local';
import { createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';

export type ClientName = 'gateway' | 'activator' | 'autoscaler' | 'queue-proxy';

export interface ClientCase {
  readonly name: ClientName;
  /** What it asks for first. */
  readonly method: string;
  /** Whether settings that cannot be used end it. The sidecar has requests to serve. */
  readonly endsByBadFiles: boolean;
}

export const clients: readonly ClientCase[] = [
  { name: 'gateway', method: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources', endsByBadFiles: true },
  { name: 'activator', method: '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources', endsByBadFiles: true },
  { name: 'autoscaler', method: '/sluice.load.v1.LoadService/StreamLoad', endsByBadFiles: true },
  { name: 'queue-proxy', method: '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats', endsByBadFiles: false },
];

const flags: Readonly<Record<ClientName, (freePort: number) => readonly string[]>> = {
  // No admin page is what 0 means here, and a gateway that has none and is told nothing has nothing that keeps it.
  gateway: (freePort) => [`--admin-port=${freePort}`],
  activator: () => ['--metrics-host=127.0.0.1', '--metrics-port=0'],
  autoscaler: () => ['--metrics-host=127.0.0.1', '--metrics-port=0'],
  'queue-proxy': () => [],
};

const sidecar = {
  CONTAINER_CONCURRENCY: '0',
  QUEUE_SERVING_PORT: '0',
  QUEUE_SERVING_TLS_PORT: '0',
  USER_PORT: '9',
  REVISION_TIMEOUT_SECONDS: '1',
  SERVING_LOGGING_CONFIG: '',
  SERVING_LOGGING_LEVEL: '',
  SERVING_NAMESPACE: 'default',
  SERVING_CONFIGURATION: 'hello',
  SERVING_REVISION: 'hello-00001',
  SERVING_POD: 'hello-00001-abc',
  SERVING_POD_IP: '127.0.0.1',
  SLUICE_ADMIN_PORT: '0',
  SLUICE_AUTOSCALER_METRICS_PORT: '0',
  SLUICE_USER_METRICS_PORT: '0',
};

export interface ClientOptions {
  readonly name: ClientName;
  /** Of the config service. */
  readonly address: string;
  /** How it is spoken to, by the settings' words: `ca`, `server-name`. Given as variables, which all four read. */
  readonly settings: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  /** For whoever cannot take any. */
  readonly freePort: number;
}

export interface RunningClient {
  /** All that it has said so far, on both outputs. */
  said(): string;
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

export function startClient({ name, address, settings, kubeconfig, freePort }: ClientOptions): RunningClient {
  const main = new URL(`../../../../packages/apps/${name}/src/main.ts`, import.meta.url).pathname;
  const given = Object.entries(settings).map(([word, value]) => [`SLUICE_CONFIG_SERVICE_${word.replaceAll('-', '_').toUpperCase()}`, value]);
  const pod = name === 'queue-proxy' ? sidecar : { POD_NAME: `${name}-0`, POD_IP: '127.0.0.1', KUBECONFIG: kubeconfig };
  const child = spawn(process.execPath, [main, ...flags[name](freePort)], {
    env: { ...process.env, ...pod, SLUICE_CONFIG_SERVICE: address, ...Object.fromEntries(given) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => said.push(String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    said: () => said.join(''),
    exited,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** An API server that has nothing, for the autoscaler, which asks it before anybody else. */
export async function startEmptyCluster(kubeconfig: string): Promise<() => Promise<void>> {
  const server = createApiServer({ clock: systemClock, timers: systemTimers, random: createSeededRandom(1), storage: createMemoryStorage(), logger: silentLogger });
  const served = await serveApiServer(server);
  writeKubeconfig(kubeconfig, served.url);
  return async () => {
    await served.close();
    server.stop();
  };
}
