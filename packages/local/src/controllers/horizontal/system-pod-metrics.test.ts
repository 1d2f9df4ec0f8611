import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pod } from '@sluice/kubernetes';
import { expect, test } from 'vitest';
import { sumOfSamples } from './sample-lines.ts';
import { SystemPodMetrics } from './system-pod-metrics.ts';

function pod(more: { readonly annotations?: Readonly<Record<string, string>>; readonly ports?: readonly { name: string; containerPort: number }[] } = {}): Pod {
  const { annotations = {}, ports = [] } = more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'a', uid: 'a', annotations },
    spec: { containers: [{ name: 'c', ports }] },
    status: { phase: 'Running', podIP: '127.0.0.1', containerStatuses: [{ name: 'c', ready: true, restartCount: 0, containerID: `process://${process.pid}` }] },
  } as Pod;
}

test.runIf(process.platform === 'linux')('cpu is what a process has used between two looks, memory what it has', async () => {
  let now = 0;
  const metrics = new SystemPodMetrics({ clock: { now: () => now, wallTime: () => now }, platform: 'linux' });
  expect(await metrics.usage([pod()])).toEqual(new Map());
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user + process.cpuUsage(before).system < 200_000) Math.sqrt(now);
  now = 500;
  // Too soon to say.
  expect(await metrics.usage([pod()])).toEqual(new Map());
  now = 2000;
  const [usage] = (await metrics.usage([pod()])).get('a') ?? [];
  expect(usage?.cpu).toBeGreaterThan(0.09);
  expect(usage?.cpu).toBeLessThan(1);
  expect(usage?.memory).toBeGreaterThan(20 * 2 ** 20);
});

test('what pods say of themselves is read where their annotations say, or at their sidecar', async () => {
  const server = createServer((request, response) => response.end(request.url === '/numbers' ? 'jobs{queue="a"} 3\njobs{queue="b"} 4 1700000000\njobs_total 9\n' : 'jobs 1\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const metrics = new SystemPodMetrics({ clock: { now: () => 0, wallTime: () => 0 }, platform: 'linux', decodeLoad: (body) => ({ concurrency: body.length, rps: 2 }) });
  const annotated = pod({ annotations: { 'prometheus.io/port': String(port), 'prometheus.io/path': '/numbers' } });
  expect(await metrics.values([annotated], 'jobs')).toEqual(new Map([['a', 7]]));
  expect(await metrics.values([annotated], 'unheard_of')).toEqual(new Map());
  const sidecar = pod({ ports: [{ name: 'http-usermetric', containerPort: port }, { name: 'http-autometric', containerPort: port }] });
  expect(await metrics.values([sidecar], 'jobs')).toEqual(new Map([['a', 1]]));
  expect(await metrics.values([sidecar], 'concurrency')).toEqual(new Map([['a', 7]]));
  server.close();
  server.closeAllConnections();
  expect(await metrics.values([sidecar], 'jobs')).toEqual(new Map());
});

test.each([
  ['a 1', 'a', 1],
  ['# TYPE a gauge\na{x="}"} 2\na{x="y"} 3', 'a', 5],
  ['ab 1\na_total 2', 'a', undefined],
  ['a NaN', 'a', undefined],
  ['', 'a', undefined],
])('of %j, %s is %s', (page, name, wanted) => expect(sumOfSamples(page, name)).toBe(wanted));
