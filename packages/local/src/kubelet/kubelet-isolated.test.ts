import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger, systemTimers } from '@sluice/kernel';
import { deployments, type Container, type Deployment, type Pod } from '@sluice/kubernetes';
import { createMemoryStorage } from '../api-server/storage/memory-storage.ts';
import { realPort } from '../objects/pod-facts.ts';
import { isAlive } from '../testing/is-alive.ts';
import { isolationAnnotation } from './isolation/isolation-plan.ts';
import { SystemNetworkIsolation } from './isolation/system-network-isolation.ts';
import { isolatedCondition, listensOnPortCondition } from './pod-status.ts';
import { listPods, readyPods, startRealFloor, type RealFloor } from './testdata/real-floor.ts';

const isolation = new SystemNetworkIsolation({
  timers: systemTimers,
  logger: silentLogger,
  platform: process.platform,
  path: process.env.PATH ?? '',
});
const support = await isolation.support();
if (support.kind === 'unsupported') console.warn(`isolated pods are not tried: ${support.reason}`);

/** Insists on port 3000. Says its pid, sends back what it is sent, and ends when told to. */
const stubborn = `
  require('http').createServer((request, response) => {
    if (request.url === '/exit') process.exit(3);
    if (request.method === 'POST') request.pipe(response);
    else response.end(process.pid + ' on ' + process.env.PORT);
  }).listen(3000);
`;

function deployment(replicas: number, container: Partial<Container> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' }, annotations: { [isolationAnnotation]: 'network' } },
        spec: {
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: 'app',
              image: 'example.com/app',
              command: ['node', '-e', stubborn],
              env: [{ name: 'PORT', value: '3000' }],
              ports: [{ name: 'user-port', containerPort: 3000 }],
              // By connection: it can only be true if the outside listens no sooner than the program.
              readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1 },
              ...container,
            },
          ],
        },
      },
    },
  };
}

const portOf = (pod: Pod) => realPort(pod, 3000);

async function ask(host: string, port: number): Promise<{ readonly pid: number; readonly told: string | undefined }> {
  const [pid, told] = (await (await fetch(`http://${host}:${port}/`)).text()).split(' on ');
  return { pid: Number(pid), told };
}

function post(port: number, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent: false }, (response) => resolve(buffer(response)));
    request.once('error', reject);
    request.end(body);
  });
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(support.kind === 'unsupported')('isolated pods of a program that insists on its port', () => {
  let folder: string;
  let floor: RealFloor;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubelet-'));
    floor = await startRealFloor({ folder, storage: createMemoryStorage() });
  });
  afterEach(async () => {
    await floor.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('run side by side, each reached through a port of its own, and leave nothing', async () => {
    await floor.client.resource(deployments).create(deployment(2));
    const found = await readyPods(floor, 2);
    const conditions = found.map(({ status }) => status?.conditions?.find(({ type }) => type === isolatedCondition));
    expect(conditions.map((condition) => condition?.reason)).toEqual(['OwnNetwork', 'OwnNetwork']);
    expect(new Set([...found.map(portOf), 3000]).size).toBe(3);
    // The sidecar asks 127.0.0.1, Services the pod's own address.
    const answers = await Promise.all(found.flatMap((pod) => [ask('127.0.0.1', portOf(pod)), ask(pod.status?.podIP ?? '', portOf(pod))]));
    expect(answers.map(({ told }) => told)).toEqual(Array(4).fill('3000'));
    const pids = [...new Set(answers.map(({ pid }) => pid))];
    expect(pids.length).toBe(2);
    await floor.client.resource(deployments).delete({ namespace: 'default', name: 'web' });
    await vi.waitFor(async () => expect(await listPods(floor)).toEqual([]), { timeout: 10_000 });
    expect(pids.map(isAlive)).toEqual([false, false]);
    for (const pod of found) {
      await vi.waitFor(() => expect(ask('127.0.0.1', portOf(pod))).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } }));
    }
  });

  it('take and give 5 MB byte for byte', async () => {
    await floor.client.resource(deployments).create(deployment(1));
    const [pod] = await readyPods(floor, 1);
    const body = randomBytes(5_000_000);
    expect(hash(await post(portOf(pod as Pod), body))).toBe(hash(body));
  });

  it('come back in a new network after the program has ended, with its exit code', async () => {
    await floor.client.resource(deployments).create(deployment(1));
    const [pod] = await readyPods(floor, 1);
    const before = await ask('127.0.0.1', portOf(pod as Pod));
    await expect(fetch(`http://127.0.0.1:${portOf(pod as Pod)}/exit`)).rejects.toThrow();
    await vi.waitFor(async () => expect((await ask('127.0.0.1', portOf(pod as Pod))).pid).not.toBe(before.pid), { timeout: 10_000 });
    const [after] = await readyPods(floor, 1);
    expect(after?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3 } } });
  });

  it('are probed by programs inside their network, and found to listen elsewhere when they do', async () => {
    const elsewhere = "require('http').createServer((request, response) => response.end()).listen(4000)";
    const connect = "require('net').connect(4000, '127.0.0.1').on('connect', () => process.exit(0))";
    const inside = `node -e "${connect}" && touch ${folder}/inside; exit 1`;
    const readinessProbe = { exec: { command: ['sh', '-c', inside] }, periodSeconds: 1, timeoutSeconds: 5 };
    await floor.client.resource(deployments).create(deployment(1, { command: ['node', '-e', elsewhere], readinessProbe }));
    await vi.waitFor(
      async () => {
        const [pod] = await listPods(floor);
        const condition = pod?.status?.conditions?.find(({ type }) => type === listensOnPortCondition);
        expect(condition).toMatchObject({ reason: 'WrongPort', message: 'listens on 4000, PORT is 3000' });
        expect(existsSync(join(folder, 'inside'))).toBe(true);
      },
      { timeout: 10_000 },
    );
  });
});
