import { describe, expect, it } from 'vitest';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import {
  deployments,
  endpointSlices,
  events,
  findCondition,
  formatTime,
  horizontalPodAutoscalers,
  KubernetesClient,
  objectKey,
  pods,
  replicaSets,
  services,
  type Deployment,
  type Pod,
  type ResourceKind,
  type Service,
} from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { createBuiltInControllers } from './built-in-controllers.ts';

const kinds: ResourceKind[] = [deployments, replicaSets, pods, services, endpointSlices, horizontalPodAutoscalers, events];

function deployment(replicas: number, image = 'one'): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 8080 }] }] } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    },
  };
}

async function controlPlane() {
  const time = new SimulatedTime();
  const server = new FakeApiServer({ kinds, clock: time });
  const client = new KubernetesClient({ transport: server, fieldManager: 'test' });
  const controllers = createBuiltInControllers({
    client,
    clock: time,
    timers: time,
    random: createSeededRandom(7),
    logger: silentLogger,
    meter: createMeter(),
  });
  const starting = controllers.start();
  await time.advanceAsync(10);
  await starting;
  let address = 1;
  /** Plays the kubelet: every pod that is not ready becomes so. */
  const makeReady = async () => {
    for (const pod of server.list(pods)) {
      if (pod.status?.phase === 'Running') continue;
      address += 1;
      const status = {
        phase: 'Running' as const,
        podIP: `127.1.0.${address}`,
        conditions: [{ type: 'Ready', status: 'True' as const, lastTransitionTime: formatTime(time.wallTime()) }],
      };
      server.put({ ...pod, status } as Pod);
    }
    await time.advanceAsync(100);
  };
  const images = () => server.list(pods).map(({ spec }) => spec.containers[0]?.image).sort();
  return { time, server, client, controllers, makeReady, images };
}

describe('a Deployment', () => {
  it('becomes a ReplicaSet and its pods, and counts them', async () => {
    const { time, server, makeReady } = await controlPlane();
    server.put(deployment(2));
    await time.advanceAsync(50);
    const [replicaSet] = server.list(replicaSets);
    expect(replicaSet?.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{10}$/);
    expect(server.list(pods).map(({ metadata }) => metadata.name)).toEqual([
      expect.stringMatching(new RegExp(`^${replicaSet?.metadata.name}-[a-z0-9]{5}$`)),
      expect.stringMatching(new RegExp(`^${replicaSet?.metadata.name}-[a-z0-9]{5}$`)),
    ]);
    await makeReady();
    const { status, metadata } = server.find(deployments, 'default/web') ?? {};
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2, unavailableReplicas: 0, observedGeneration: 1 });
    expect(findCondition(status?.conditions, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  });

  it('comes to rest: what is done is not written again', async () => {
    const { time, server, makeReady } = await controlPlane();
    server.put(deployment(3));
    await time.advanceAsync(50);
    await makeReady();
    await time.advanceAsync(1_000);
    server.writes.length = 0;
    await time.advanceAsync(60_000);
    expect(server.writes).toEqual([]);
  });

  it('scales by its scale subresource, to zero and back', async () => {
    const { time, server, client, makeReady } = await controlPlane();
    server.put(deployment(0));
    await time.advanceAsync(50);
    expect(server.list(pods)).toEqual([]);
    await client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 3);
    await time.advanceAsync(50);
    await makeReady();
    expect(server.list(pods).length).toBe(3);
    await client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 0);
    await time.advanceAsync(50);
    expect(server.list(pods)).toEqual([]);
    expect(server.find(deployments, 'default/web')?.status).toMatchObject({ replicas: 0, availableReplicas: 0 });
  });

  it('has its pods made before it is written that there are to be more, and still has no more of them', async () => {
    const { time, server, client } = await controlPlane();
    server.put(deployment(0));
    await time.advanceAsync(50);
    server.writes.length = 0;
    await client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 2);
    await time.advanceAsync(50);
    const order = server.writes.map(({ method, path }) => `${method} ${path.split('/').slice(-2)[0]}`);
    expect(order.indexOf('POST default')).toBeLessThan(order.indexOf('PATCH replicasets'));
    await time.advanceAsync(1_000);
    expect(server.list(pods).length).toBe(2);
    await client.resource(deployments).setScale({ namespace: 'default', name: 'web' }, 1);
    await time.advanceAsync(50);
    expect(server.list(pods).length).toBe(1);
  });

  it('rolls a new version in without ever having fewer pods than wished, and can go back', async () => {
    const { time, server, makeReady, images } = await controlPlane();
    server.put(deployment(2));
    await time.advanceAsync(50);
    await makeReady();
    const change = async (image: string) => {
      const found = server.find(deployments, 'default/web') as Deployment;
      const changed: Deployment = { ...found, spec: deployment(2, image).spec };
      server.put({ ...changed, metadata: { ...found.metadata, generation: (found.metadata.generation ?? 0) + 1 } });
      await time.advanceAsync(50);
    };
    await change('two');
    expect(images()).toEqual(['one', 'one', 'two']);
    await makeReady();
    expect(images()).toEqual(['one', 'two', 'two']);
    await makeReady();
    await makeReady();
    expect(images()).toEqual(['two', 'two']);
    await change('one');
    for (let round = 0; round < 4; round += 1) await makeReady();
    expect(images()).toEqual(['one', 'one']);
    expect(server.list(replicaSets).length).toBe(2);
    expect(server.find(deployments, 'default/web')?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('replaces a pod that somebody took away', async () => {
    const { time, server, makeReady } = await controlPlane();
    server.put(deployment(2));
    await time.advanceAsync(50);
    await makeReady();
    const [victim] = server.list(pods);
    server.remove(pods, objectKey(victim as Pod));
    await time.advanceAsync(50);
    expect(server.list(pods).length).toBe(2);
    expect(server.find(pods, objectKey(victim as Pod))).toBeUndefined();
  });

  it('says that pods cannot be created, and creates them when it may again', async () => {
    const { time, server } = await controlPlane();
    server.put(deployment(1));
    const refuse = { status: 403, reason: 'Forbidden' } as const;
    const { send } = server;
    let refusing = true;
    server.send = (request) => {
      if (refusing && request.method === 'POST' && request.path.includes('/pods')) server.fail(refuse);
      return send.call(server, request);
    };
    await time.advanceAsync(100);
    const failure = () => findCondition(server.find(deployments, 'default/web')?.status?.conditions, 'ReplicaFailure');
    expect(failure()).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    refusing = false;
    await time.advanceAsync(60_000);
    expect(server.list(pods).length).toBe(1);
    expect(failure()).toBeUndefined();
  });
});

describe('a Service with a selector', () => {
  it('has a slice that follows its pods', async () => {
    const { time, server, makeReady } = await controlPlane();
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    };
    server.put(service);
    server.put(deployment(1));
    await time.advanceAsync(50);
    const addresses = () => server.list(endpointSlices).flatMap(({ endpoints }) => endpoints.flatMap((endpoint) => endpoint.addresses));
    expect(addresses()).toEqual([]);
    await makeReady();
    expect(addresses()).toEqual(['127.1.0.2']);
    server.remove(deployments, 'default/web');
    await time.advanceAsync(50);
    expect(addresses()).toEqual([]);
    expect(server.list(endpointSlices).length).toBe(1);
  });
});
