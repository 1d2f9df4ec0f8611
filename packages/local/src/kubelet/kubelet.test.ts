import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  deployments,
  endpointSlices,
  events,
  objectKey,
  services,
  type Container,
  type Deployment,
  type Service,
} from '@sluice/kubernetes';
import { createMemoryStorage } from '../api-server/storage/memory-storage.ts';
import type { Storage } from '../api-server/storage/storage.ts';
import { isAlive } from '../testing/is-alive.ts';
import { listensOnPortCondition } from './pod-status.ts';
import type { AddressMode } from './port-allocator.ts';
import { listPods, readyPods, startRealFloor, type RealFloor } from './testdata/real-floor.ts';

/** Answers with its own pid on $PORT, and says when it starts. */
const server = `
  console.log('starting on ' + process.env.PORT);
  require('http').createServer((request, response) => response.end(String(process.pid)))
    .listen(process.env.PORT, () => console.log('listening'));
`;

let folder: string;
let storage: Storage;
let floor: RealFloor | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-'));
  storage = createMemoryStorage();
});
afterEach(async () => {
  await floor?.stop();
  floor = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function startFloor(addressMode?: AddressMode): Promise<RealFloor> {
  return (floor = await startRealFloor({ folder, storage, ...(addressMode === undefined ? {} : { addressMode }) }));
}

function deployment(replicas: number, container: Partial<Container> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: 'app',
              image: 'example.com/app',
              command: ['node', '-e', server],
              env: [{ name: 'PORT', value: '8080' }],
              ports: [{ name: 'user-port', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
              ...container,
            },
          ],
        },
      },
    },
  };
}

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'user-port' }] },
};

/** Where a Service's pods are reached, as `host:port`. */
async function addressesOf({ client }: RealFloor): Promise<string[]> {
  const { items } = await client.resource(endpointSlices).list({ namespace: 'default' });
  return items.flatMap(({ endpoints, ports }) =>
    endpoints
      .filter(({ conditions }) => conditions?.ready)
      .flatMap(({ addresses }) => addresses.map((address) => `${address}:${ports?.[0]?.port}`)),
  );
}

async function ask(address: string): Promise<number> {
  return Number(await (await fetch(`http://${address}/`)).text());
}

describe.each<AddressMode | undefined>([undefined, 'shared-address'])('the process kubelet in address mode %s', (mode) => {
  it('runs the pods of a Deployment, each on a port of its own, reached through its Service', async () => {
    const running = await startFloor(mode);
    await running.client.resource(services).create(service);
    await running.client.resource(deployments).create(deployment(2));
    const found = await readyPods(running, 2);
    await vi.waitFor(async () => expect((await addressesOf(running)).length).toBe(2));
    const pids = await Promise.all((await addressesOf(running)).map(ask));
    expect(new Set(pids).size).toBe(2);
    expect(new Set(found.map(({ status }) => status?.podIP)).size).toBe(mode === 'shared-address' ? 1 : 2);
    await running.client.resource(deployments).delete({ namespace: 'default', name: 'web' });
    await vi.waitFor(async () => expect(await listPods(running)).toEqual([]), { timeout: 10_000 });
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]));
  });
});

describe('the process kubelet', () => {
  it('starts a killed process again in the same pod, at the same address', async () => {
    const running = await startFloor();
    await running.client.resource(services).create(service);
    await running.client.resource(deployments).create(deployment(1));
    const [before] = await readyPods(running, 1);
    const [address = ''] = await vi.waitFor(async () => {
      const addresses = await addressesOf(running);
      expect(addresses.length).toBe(1);
      return addresses;
    });
    const pid = await ask(address);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect(await ask(address)).not.toBe(pid), { timeout: 10_000 });
    const [after] = await readyPods(running, 1);
    expect(after && objectKey(after)).toBe(before && objectKey(before));
    expect(after?.status?.podIP).toBe(before?.status?.podIP);
    expect(after?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, signal: 9, reason: 'Error', message: expect.stringContaining('listening') } },
    });
  });

  it('answers for logs, of the present run and of the one before, and follows them to their end', async () => {
    const running = await startFloor();
    await running.client.resource(deployments).create(deployment(1));
    const [pod] = await readyPods(running, 1);
    const reference = { namespace: 'default', pod: pod?.metadata.name ?? '' };
    const port = JSON.parse(pod?.metadata.annotations?.['local.sluice.dev/real-ports'] ?? '{}') as Record<string, number>;
    expect(await running.client.logs(reference)).toBe(`starting on ${port['8080']}\nlistening\n`);
    expect(await running.client.logs({ ...reference, tailLines: 1 })).toBe('listening\n');
    await expect(running.client.logs({ ...reference, previous: true })).rejects.toThrow('previous terminated container "app"');
    const path = `/api/v1/namespaces/default/pods/${reference.pod}/log?follow=true`;
    const followed = await running.client.send({ method: 'GET', path, headers: {} });
    process.kill(Number(await (await fetch(`http://${pod?.status?.podIP}:${port['8080']}/`)).text()), 'SIGKILL');
    let text = '';
    for await (const bytes of followed.body) text += new TextDecoder().decode(bytes);
    expect(text).toBe(`starting on ${port['8080']}\nlistening\n`);
    await vi.waitFor(async () => expect(await running.client.logs({ ...reference, previous: true })).toContain('listening'), { timeout: 5000 });
  });

  it('shows exit code and last lines of a program that ends at once', async () => {
    const running = await startFloor();
    await running.client.resource(deployments).create(deployment(1, { command: ['sh', '-c', 'echo no database >&2; exit 4'] }));
    await vi.waitFor(
      async () => {
        const [pod] = await listPods(running);
        expect(pod?.status?.containerStatuses?.[0]).toMatchObject({
          lastState: { terminated: { exitCode: 4, reason: 'Error', message: 'no database' } },
          state: { waiting: { reason: 'CrashLoopBackOff' } },
        });
      },
      { timeout: 10_000 },
    );
    await vi.waitFor(async () => {
      const { items } = await running.client.resource(events).list({ namespace: 'default' });
      expect(items.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Scheduled', 'Started', 'BackOff', 'SuccessfulCreate', 'ScalingReplicaSet']));
    });
  });

  it('says on which port a program listens when that is not its PORT', async () => {
    const running = await startFloor();
    const stubborn = "const s = require('net').createServer().listen(0, () => console.log(s.address().port))";
    await running.client.resource(deployments).create(deployment(1, { command: ['node', '-e', stubborn] }));
    await vi.waitFor(
      async () => {
        const [pod] = await listPods(running);
        const condition = pod?.status?.conditions?.find(({ type }) => type === listensOnPortCondition);
        expect(condition).toMatchObject({ status: 'False', reason: 'WrongPort', message: expect.stringMatching(/^listens on \d+, PORT is 2\d{4}$/) });
      },
      { timeout: 10_000 },
    );
  });

  it('spawns a pod a few milliseconds after it was made', async () => {
    const running = await startFloor();
    await running.client.resource(deployments).create(deployment(0));
    await vi.waitFor(async () => expect((await running.client.resource(deployments).get({ namespace: 'default', name: 'web' })).status?.observedGeneration).toBe(1));
    const askedAtMs = Date.now();
    await running.client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 1);
    await readyPods(running, 1);
    const at = (phase: string) => (running.timeline.find((event) => event.phase === phase)?.atMs ?? 0) - askedAtMs;
    expect(running.timeline.map(({ phase }) => phase)).toEqual(['created', 'started', 'ready']);
    // Generous: what is checked is that nothing waits on purpose. README says what was measured.
    expect(at('started')).toBeLessThan(500);
  });

  it('ends every process when it stops, also those that ignore SIGTERM, and runs the pods again when it comes back', async () => {
    const running = await startFloor();
    const script = `trap '' TERM; sleep 300 & echo $! > ${folder}/child; echo $$$$ > ${folder}/parent; while :; do sleep 1; done`;
    await running.client.resource(deployments).create(deployment(1, { command: ['sh', '-c', script], readinessProbe: { exec: { command: ['test', '-s', `${folder}/parent`] } } }));
    const [before] = await readyPods(running, 1);
    const pids = ['child', 'parent'].map((name) => Number(readFileSync(join(folder, name), 'utf8')));
    expect(pids.map(isAlive)).toEqual([true, true]);
    const stoppedAtMs = Date.now();
    await running.stop();
    expect(Date.now() - stoppedAtMs).toBeLessThan(4_000);
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]));
    const again = await startFloor();
    await vi.waitFor(
      async () => {
        const [pod] = await readyPods(again, 1);
        expect(pod && objectKey(pod)).toBe(before && objectKey(before));
        expect(pod?.status?.podIP).toBe(before?.status?.podIP);
        expect(pod?.status?.containerStatuses?.[0]?.restartCount).toBe(1);
      },
      { timeout: 10_000 },
    );
  });
});
