import { describe, expect, it } from 'vitest';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { deployments, isConditionTrue, KubernetesClient, pods, type Deployment, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { createApiServer } from '../api-server/api-server.ts';
import { createInProcessTransport } from '../api-server/in-process-transport.ts';
import { createMemoryStorage } from '../api-server/storage/memory-storage.ts';
import { createBuiltInControllers } from '../controllers/built-in-controllers.ts';
import { FakePortAllocator } from '../testing/fake-port-allocator.ts';
import { FakeProcessRunner } from '../testing/fake-process-runner.ts';
import { MemoryLogStore } from '../testing/memory-log-store.ts';
import { ScriptedProbeTransport } from '../testing/scripted-probe-transport.ts';
import { Kubelet } from './kubelet.ts';

const nodes: ResourceKind<KubernetesObject & { readonly status?: unknown }> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
};

const web: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', command: ['server'], readinessProbe: { tcpSocket: { port: 80 } } }] },
    },
  },
};

/** A whole floor on a virtual clock. Programs need 80 ms until they answer. */
async function simulate(seed: number) {
  const time = new SimulatedTime();
  const shared = { clock: time, timers: time, random: createSeededRandom(seed), logger: silentLogger, meter: createMeter() };
  const api = createApiServer({ ...shared, storage: createMemoryStorage() });
  const client = new KubernetesClient({ transport: createInProcessTransport(api), fieldManager: 'test' });
  const answering = new Set<string>();
  const runner = new FakeProcessRunner({
    timers: time,
    programFor: ({ identity }) => () => {
      const timer = time.after(80, () => answering.add(identity.podIp));
      return {
        onEnd() {
          timer.cancel();
          answering.delete(identity.podIp);
        },
      };
    },
  });
  const probes = new ScriptedProbeTransport();
  probes.answer = ({ request }) => answering.has(request.host);
  const history: string[] = [];
  const kubelet = new Kubelet({
    ...shared,
    client,
    runner,
    probes,
    allocator: new FakePortAllocator(),
    logs: new MemoryLogStore(time),
    node: { name: 'local', address: '127.0.0.1', operatingSystem: 'linux', architecture: 'amd64', cpuCount: 2, memoryBytes: 2 ** 30 },
    onTimeline: ({ podKey, phase, atMs }) => history.push(`${atMs - Date.UTC(2026, 0, 1)} ${podKey} ${phase}`),
  });
  const controllers = createBuiltInControllers({ ...shared, client });
  const starting = Promise.all([kubelet.start(), controllers.start()]);
  await time.advanceAsync(10);
  await starting;
  await client.resource(deployments).create(web);
  return { time, client, kubelet, controllers, runner, history };
}

describe('the kubelet on simulated time', () => {
  it('brings a Deployment up, heals what is killed, and takes it down', async () => {
    const { time, client, runner } = await simulate(1);
    await time.advanceAsync(500);
    const ready = async () => (await client.resource(pods).list()).items.filter(({ status }) => isConditionTrue(status?.conditions, 'Ready')).length;
    expect(await ready()).toBe(3);
    const [victim] = runner.running.keys();
    runner.kill(victim as number);
    await time.advanceAsync(20);
    expect(await ready()).toBe(2);
    await time.advanceAsync(500);
    expect(await ready()).toBe(3);
    await client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 1);
    await time.advanceAsync(500);
    expect(runner.running.size).toBe(1);
    expect((await client.resource(pods).list()).items.length).toBe(1);
  });

  it('gives the same history for the same seed', async () => {
    const histories = [];
    for (const seed of [5, 5, 6]) {
      const { time, history } = await simulate(seed);
      await time.advanceAsync(500);
      histories.push(history);
    }
    expect(histories[0]?.length).toBe(9);
    expect(histories[1]).toEqual(histories[0]);
    expect(histories[2]).not.toEqual(histories[0]);
  });

  it('registers the node it stands for', async () => {
    const { client } = await simulate(1);
    expect(await client.resource(nodes).get({ name: 'local' })).toMatchObject({
      metadata: { labels: { 'kubernetes.io/hostname': 'local' } },
      status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, { type: 'Hostname', address: 'local' }] },
    });
  });
});
