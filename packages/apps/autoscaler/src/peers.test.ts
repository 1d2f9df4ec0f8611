/** The autoscaler between stock peers: queue-proxies that are asked, and activators that send over websockets. No config service. */
import { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { KubernetesObject } from '@sluice/kubernetes';
import { emptyStat, encodeStatMessages } from '@sluice/stats';
import { describe, expect, it } from 'vitest';
import { createAutoscalerWorld, type AutoscalerWorld } from './testing/autoscaler-world.ts';

const address = '10.0.0.1';

/** A stock activator: its request to upgrade, and binary frames with the mask 00000000. */
async function connectActivator({ network, time }: AutoscalerWorld, host = address) {
  let received = '';
  const connection: Connection = network.view('activator', '10.0.0.2').connect(
    { host, port: 8080 },
    {
      onData: (memory, length) => {
        received += memory.toString('latin1', 0, length);
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    },
  );
  await time.advanceAsync(10);
  const write = (bytes: Buffer) => connection.write(bytes, 0, bytes.length);
  write(Buffer.from('GET / HTTP/1.1\r\nHost: autoscaler\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'));
  await time.advanceAsync(10);
  return {
    received: () => received,
    send(name: string, concurrency: number, count = concurrency) {
      const stat = { ...emptyStat('activator-1'), averageConcurrentRequests: concurrency, requestCount: count };
      const payload = encodeStatMessages([{ namespace: 'default', name, stat }]);
      write(Buffer.concat([Buffer.from([0x82, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
    },
  };
}

async function run({ time }: AutoscalerWorld, seconds: number, report?: () => void): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    report?.();
    await time.advanceAsync(1000);
  }
}

describe('stock queue-proxies', () => {
  it('are asked each second, and pods follow what they say', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello');
    const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
    world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    pod.stat = { ...pod.stat, averageConcurrentRequests: 6 };
    await run(world, 10);
    expect(pod.scrapes).toBeGreaterThanOrEqual(9);
    expect(world.replicas('hello')).toBe(1);
    pod.stat = { ...pod.stat, averageConcurrentRequests: 20 };
    await run(world, 5);
    // In panic: at least 20 of 7 per pod in the short window.
    expect(world.replicas('hello')).toBeGreaterThanOrEqual(2);
    expect(world.sks('hello').spec.mode).toBe('Serve');
  });

  it('of whom there are many, are asked by sample, and their answers count for all', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello');
    const names = Array.from({ length: 10 }, (_, index) => `pod-${index}`);
    const pods = await Promise.all(names.map((name, index) => world.startQueueProxy(name, `10.1.0.${index}`)));
    for (const pod of pods) pod.stat = { ...pod.stat, averageConcurrentRequests: 14 };
    const { meter } = world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', Object.fromEntries(names.map((name, index) => [name, `10.1.0.${index}`])));
    await run(world, 20);
    // Seven of ten, once a second.
    expect(pods.reduce((sum, { scrapes }) => sum + scrapes, 0)).toBe(7 * 20);
    // 10 × 14 at 7 per pod.
    expect(world.replicas('hello')).toBe(20);
    expect(meter.counter('sluice_autoscaler_scrapes_total', '', { outcome: 'pods' }).value).toBe(20);
  });

  it('that do not answer are not taken for idle', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello', { 'autoscaling.knative.dev/window': '6s' });
    const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
    pod.stat = { ...pod.stat, averageConcurrentRequests: 20 };
    const { logger } = world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    await run(world, 6);
    const replicas = world.replicas('hello');
    world.links.setIsolated('pod-1', true);
    await run(world, 120);
    expect(world.replicas('hello')).toBe(replicas);
    expect(logger.events.filter(({ event }) => event === 'scrape failed')).toHaveLength(1);
  });

  it('are asked under the name of their Service where a mesh lets that pass', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello');
    const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
    world.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'sluice-system', name: 'config-network' }, data: { 'enable-mesh-pod-addressability': 'true' } } as KubernetesObject);
    world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    await run(world, 5);
    expect(pod.heads[0]?.toLowerCase()).toMatch(/\r\nhost: hello-private\.default\r\n/);
    expect(pod.heads[0]?.toLowerCase()).toContain('\r\nknative-direct-lb: true\r\n');
  });

  it('are left alone where everything goes through activators', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello', { 'autoscaling.knative.dev/target-burst-capacity': '-1' });
    const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
    world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    await run(world, 5);
    expect(pod.scrapes).toBe(0);
  });
});

describe('a stock activator', () => {
  it('wakes a revision with its first message, at once', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello', { 'autoscaling.knative.dev/window': '6s' });
    world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', {});
    const activator = await connectActivator(world);
    expect(activator.received()).toMatch(/^HTTP\/1.1 101 /);
    await run(world, 12, () => activator.send('hello', 0));
    const idleAt = world.time.now();
    activator.send('hello', 1);
    await world.time.advanceUntil(() => world.pa('hello').status?.desiredScale === 1, 1000);
    expect(world.time.now() - idleAt).toBeLessThan(50);
  });

  it('and queue-proxies together count each request once', async () => {
    const world = createAutoscalerWorld();
    world.addRevision('hello');
    const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
    // All 12 that are in flight came through the activator, which tells of them too.
    pod.stat = { ...pod.stat, averageConcurrentRequests: 12, averageProxiedConcurrentRequests: 12 };
    world.startAutoscaler('autoscaler', address);
    await world.time.advanceAsync(100);
    world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    const activator = await connectActivator(world);
    await run(world, 20, () => activator.send('hello', 12));
    expect(world.replicas('hello')).toBe(2);
  });
});
