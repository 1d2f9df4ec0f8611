/** Outlier detection and active checks in a whole proxy, on a simulated network and clock. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { decodeCluster } from '@sluice/resources';
import { staticClusterJson } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { createProxy } from './proxy.ts';
import { createTestConfig } from './testing/index.ts';

const listen = { host: '10.0.0.1', port: 80 };
const hosts = ['10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.1.4'];

interface Upstream {
  /** What it answers; 0: nothing at all. */
  status: number;
  /** Paths asked for. */
  readonly asked: string[];
  headers: string;
}

/** A proxy before four upstreams, whose cluster has these fields besides. */
async function startMesh(fields: Readonly<Record<string, unknown>>) {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const upstreams = new Map<string, Upstream>();
  for (const host of hosts) {
    const upstream: Upstream = { status: 200, asked: [], headers: '' };
    upstreams.set(host, upstream);
    await network.view(host, host).listen({ host, port: 80 }, (connection) => {
      let request = '';
      connection.handler = {
        onData(memory, length) {
          request += memory.toString('latin1', 0, length);
          if (!request.endsWith('\r\n\r\n')) return;
          upstream.asked.push(request.split(' ')[1] as string);
          request = '';
          if (upstream.status === 0) return;
          const answer = Buffer.from(`HTTP/1.1 ${upstream.status} X\r\ncontent-length: 0\r\n${upstream.headers}\r\n`, 'latin1');
          connection.write(answer, 0, answer.length);
        },
        onDrain() {},
        onEnd: () => connection.end(),
        onClose() {},
      };
    });
  }
  const cluster = decodeCluster(staticClusterJson('backend', hosts.map((host) => `${host}:80`), fields));
  if (!cluster.ok) throw new Error(JSON.stringify(cluster.problems));
  const meter = createMeter();
  const proxy = createProxy({ clock: time, timers: time, random: createSeededRandom(1), network: network.view('proxy', listen.host), logger: silentLogger, meter });
  const upstreamAddresses = hosts.map((host) => ({ host, port: 80 }));
  await proxy.apply(createTestConfig({ listen, upstreams: upstreamAddresses, cluster: { resource: cluster.value } }));
  proxy.start();

  const ask = async (count: number, path = '/'): Promise<number[]> => {
    let answers = '';
    for (let index = 0; index < count; index += 1) {
      const client = network.view('client', '10.0.9.9').connect(listen, {
        onData: (memory, length) => {
          answers += memory.toString('latin1', 0, length);
        },
        onDrain() {},
        onEnd() {},
        onClose() {},
      });
      const question = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: a.test\r\n\r\n`, 'latin1');
      client.write(question, 0, question.length);
      await time.advanceAsync(10);
      client.destroy();
    }
    return Array.from(answers.matchAll(/^HTTP\/1\.1 (\d+)/gm), ([, status]) => Number(status));
  };
  return {
    time,
    proxy,
    ask,
    upstream: (index: number) => upstreams.get(hosts[index] as string) as Upstream,
    metric: (name: string) => meter.collect().find((family) => family.name === `envoy_cluster_${name}`)?.samples[0]?.value,
    flags: () => proxy.clusters()[0]?.hosts.map(({ healthFlags }) => healthFlags.join()),
  };
}

const outlierDetection = { consecutive_5xx: 3, max_ejection_percent: 50 };

test('a host that fails is ejected, gets nothing, and comes back', async () => {
  const mesh = await startMesh({ outlier_detection: outlierDetection });
  const bad = mesh.upstream(0);
  bad.status = 500;
  await mesh.ask(12);
  expect(mesh.flags()).toEqual(['failed_outlier_check', '', '', '']);
  expect(mesh.metric('outlier_detection_ejections_active')).toBe(1);
  expect(mesh.metric('outlier_detection_ejections_enforced_consecutive_5xx')).toBe(1);
  expect(mesh.metric('membership_healthy')).toBe(3);

  const before = bad.asked.length;
  expect(await mesh.ask(12)).toEqual(Array.from({ length: 12 }, () => 200));
  expect(bad.asked.length).toBe(before);

  bad.status = 200;
  await mesh.time.advanceAsync(40_000);
  expect(mesh.flags()).toEqual(['', '', '', '']);
  await mesh.ask(8);
  expect(bad.asked.length).toBe(before + 2);
  await mesh.proxy.close();
});

test('requests that get no answer in time speak against their host', async () => {
  const mesh = await startMesh({ outlier_detection: { ...outlierDetection, consecutive_5xx: 2 } });
  mesh.upstream(1).status = 0;
  await mesh.ask(8);
  expect(mesh.flags()).toEqual(['', '', '', '']);
  // The clients have only said that they will ask nothing more; each request waits out its route's 15 s.
  await mesh.time.advanceAsync(16_000);
  expect(mesh.flags()).toEqual(['', 'failed_outlier_check', '', '']);
  await mesh.proxy.close();
});

test('no more hosts are ejected than may be', async () => {
  const mesh = await startMesh({ outlier_detection: outlierDetection });
  for (const index of [0, 1, 2, 3]) mesh.upstream(index).status = 503;
  await mesh.ask(30);
  expect(mesh.flags()?.filter((flags) => flags !== '')).toHaveLength(2);
  expect(mesh.metric('outlier_detection_ejections_overflow')).toBeGreaterThan(0);
  await mesh.proxy.close();
});

const healthCheck = {
  timeout: '1s',
  interval: '2s',
  no_traffic_interval: '2s',
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: '/healthz' },
};

test('requests wait for the first checks and go to whom they find well', async () => {
  const mesh = await startMesh({ health_checks: [healthCheck] });
  mesh.upstream(0).status = 503;
  mesh.upstream(1).status = 0;
  // One host has not answered its check yet, so nobody knows who is well.
  expect(await mesh.ask(1, '/first')).toEqual([]);
  await mesh.time.advanceAsync(1500);
  expect(mesh.flags()).toEqual(['failed_active_hc', 'failed_active_hc,active_hc_timeout', '', '']);
  expect(mesh.metric('health_check_attempt')).toBeGreaterThanOrEqual(4);
  expect(mesh.metric('health_check_network_failure')).toBe(1);
  expect(mesh.metric('health_check_healthy')).toBe(2);
  await mesh.ask(6, '/later');
  expect(hosts.map((_host, index) => mesh.upstream(index).asked.filter((path) => path === '/later').length)).toEqual([0, 0, 3, 3]);
  await mesh.proxy.close();
});

test('a host that falls ill leaves, and comes back when it is well', async () => {
  const mesh = await startMesh({ health_checks: [healthCheck] });
  await mesh.time.advanceAsync(100);
  expect(mesh.flags()).toEqual(['', '', '', '']);
  mesh.upstream(2).status = 500;
  await mesh.time.advanceAsync(2100);
  expect(mesh.flags()).toEqual(['', '', 'failed_active_hc', '']);
  mesh.upstream(2).status = 200;
  await mesh.time.advanceAsync(2100);
  expect(mesh.flags()).toEqual(['', '', 'failed_active_hc', '']);
  await mesh.time.advanceAsync(2100);
  expect(mesh.flags()).toEqual(['', '', '', '']);
  mesh.upstream(3).headers = 'x-envoy-degraded: yes\r\n';
  await mesh.time.advanceAsync(2100);
  expect(mesh.flags()).toEqual(['', '', '', 'degraded_active_hc']);
  expect(mesh.metric('membership_degraded')).toBe(1);
  await mesh.proxy.close();
});

test('with too few hosts well all take part, and it is counted', async () => {
  const mesh = await startMesh({ health_checks: [healthCheck], common_lb_config: { healthy_panic_threshold: { value: 50 } } });
  for (const index of [0, 1, 2]) mesh.upstream(index).status = 500;
  await mesh.time.advanceAsync(100);
  expect(mesh.metric('membership_healthy')).toBe(1);
  const statuses = await mesh.ask(8, '/panic');
  expect(statuses.filter((status) => status === 500)).toHaveLength(6);
  expect(mesh.metric('lb_healthy_panic')).toBe(8);
  await mesh.proxy.close();
});

test('a check that passes brings an ejected host back', async () => {
  const mesh = await startMesh({ health_checks: [healthCheck], outlier_detection: outlierDetection });
  await mesh.time.advanceAsync(100);
  mesh.upstream(0).status = 500;
  await mesh.ask(12);
  expect(mesh.flags()).toEqual(['failed_outlier_check', '', '', '']);
  mesh.upstream(0).status = 200;
  await mesh.time.advanceAsync(2100);
  expect(mesh.flags()).toEqual(['', '', '', '']);
  await mesh.proxy.close();
});
