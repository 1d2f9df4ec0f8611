/**
 * What the making of an image does with a sidecar, for whoever has no images: starts it once, asks it once, ends it, so that what V8 has compiled
 * of that is kept beside it (`starter.ts`). Without it the first pod would keep what a start compiles, and each pod would compile what a request needs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createServer as createListener, type AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';

/** A machine that is too busy for it goes without, in ms. Chosen: some twenty times what it takes. */
const patienceMs = 10_000;

/** Whether there is something kept already. What was kept of former texts is gone by now. */
export async function hasRun(bundled: string): Promise<boolean> {
  const code = basename(bundled).replace(/\.cjs$/, '-code.cjs-');
  // While it is being written its name goes on.
  return (await readdir(join(dirname(bundled), 'compiled')).catch(() => [])).some((name) => name.startsWith(code) && /-[0-9a-f]+$/.test(name));
}

/** @param command how a sidecar is started, without arguments @returns whether it answered */
export async function runSidecarOnce([node, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  const program = createServer((_, response) => response.end('ok'));
  program.listen(0, '127.0.0.1');
  await once(program, 'listening');
  const ports = await freePorts(5);
  const environment = sidecarEnvironment({ userPort: (program.address() as AddressInfo).port, ports });
  const child = spawn(node, [...args, '--quiet-period-ms=0'], { env: { PATH: process.env['PATH'], ...environment }, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('close', resolve).once('error', () => resolve()));
  const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  try {
    const serving = { port: ports[0] as number, ended: () => child.exitCode !== null || child.signalCode !== null };
    return (await answers(serving, { 'k-network-probe': 'queue' })) && (await answers(serving, {}));
  } finally {
    child.kill('SIGTERM');
    await exited;
    clearTimeout(patience);
    program.close();
  }
}

export interface SidecarPorts {
  /** The program's. */
  readonly userPort: number;
  /** Five of the sidecar's own, the one for requests first. */
  readonly ports: readonly number[];
}

/** What a controller would give a sidecar on 127.0.0.1, as far as it must be given. */
export function sidecarEnvironment({ userPort, ports }: SidecarPorts): Record<string, string> {
  const [serving = 0, tls = 0, admin = 0, autoscaler = 0, user = 0] = ports;
  return {
    CONTAINER_CONCURRENCY: '0',
    QUEUE_SERVING_PORT: String(serving),
    QUEUE_SERVING_TLS_PORT: String(tls),
    SLUICE_ADMIN_PORT: String(admin),
    SLUICE_AUTOSCALER_METRICS_PORT: String(autoscaler),
    SLUICE_USER_METRICS_PORT: String(user),
    USER_PORT: String(userPort),
    REVISION_TIMEOUT_SECONDS: '300',
    SERVING_LOGGING_CONFIG: '',
    SERVING_LOGGING_LEVEL: 'error',
    SERVING_NAMESPACE: 'default',
    SERVING_CONFIGURATION: 'first-run',
    SERVING_REVISION: 'first-run-00001',
    SERVING_POD: 'first-run',
    SERVING_POD_IP: '127.0.0.1',
    SERVING_READINESS_PROBE: JSON.stringify({ tcpSocket: { port: userPort, host: '127.0.0.1' }, successThreshold: 1 }),
  };
}

/** Asked again and again until there is an answer, or nobody who could give one. */
async function answers({ port, ended }: { readonly port: number; readonly ended: () => boolean }, headers: Record<string, string>): Promise<boolean> {
  while (!ended()) {
    const status = await new Promise<number>((resolve) => {
      const asked = request({ host: '127.0.0.1', port, headers, agent: false }, (answer) => answer.resume().once('close', () => resolve(answer.statusCode ?? 0)));
      asked.once('error', () => resolve(0)).end();
    });
    if (status === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createListener().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}
