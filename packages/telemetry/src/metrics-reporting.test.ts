import { createMeter } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { MetricsReporting, type MetricsReportingSettings } from './metrics-reporting.ts';
import { startMetricsCollector } from './testing/index.ts';

const off: MetricsReportingSettings = { protocol: 'none', endpoint: '', exportIntervalMs: 0, runtimeExportIntervalMs: 15_000 };

function createReporting() {
  const time = new SimulatedTime();
  const meter = createMeter();
  meter.gauge('kn_revision_pods_desired', 'Pods.').set(2);
  const logger = new RecordingLogger();
  const reporting = new MetricsReporting({ resource: { 'service.name': 'autoscaler' }, meter, clock: time, timers: time, logger });
  return { time, meter, logger, reporting };
}

test('pushes begin, change their collector and end as the configuration changes', async () => {
  const first = await startMetricsCollector('http/protobuf');
  const second = await startMetricsCollector('grpc');
  const { time, reporting } = createReporting();
  reporting.configure(off);
  await time.advanceAsync(120_000);
  reporting.configure({ ...off, protocol: 'http/protobuf', endpoint: first.endpoint, exportIntervalMs: 5_000 });
  await time.advanceAsync(0);
  await time.advanceAsync(5_000);
  await expect.poll(() => first.pushes.length).toBe(1);
  const [push] = first.pushes;
  expect(push?.resource).toEqual({ 'service.name': 'autoscaler' });
  expect(push?.metrics.find(({ name }) => name === 'kn.revision.pods.desired')).toMatchObject({ unit: '{item}', points: [{ value: 2 }] });
  // The process's own figures, too.
  expect(push?.metrics.find(({ name }) => name === 'process.memory.usage')?.points[0]?.value).toBeGreaterThan(1_000_000);

  reporting.configure({ ...off, protocol: 'grpc', endpoint: second.endpoint, exportIntervalMs: 5_000 });
  // What the first has not heard yet it hears before it is left.
  await expect.poll(() => first.pushes.length).toBe(2);
  reporting.configure(off);
  await expect.poll(() => second.pushes.length).toBe(1);
  await reporting.close();
  await time.advanceAsync(60_000);
  expect([first.pushes.length, second.pushes.length]).toEqual([2, 1]);
  await Promise.all([first.stop(), second.stop()]);
});

test('the process is looked at no more often than its interval says', async () => {
  const collector = await startMetricsCollector('http/protobuf');
  const { time, reporting } = createReporting();
  const on: MetricsReportingSettings = { protocol: 'http/protobuf', endpoint: collector.endpoint, exportIntervalMs: 1_000, runtimeExportIntervalMs: 2_500 };
  reporting.configure(on);
  await time.advanceAsync(0);
  const cpu = (index: number) => collector.pushes[index]?.metrics.find(({ name }) => name === 'process.cpu.time')?.points.map(({ value }) => value);
  for (let index = 1; index <= 4; index += 1) {
    // Work, which shows in the figures as soon as somebody looks.
    for (const begin = process.cpuUsage(); process.cpuUsage(begin).user < 2_000; );
    await time.advanceAsync(1_000);
    await expect.poll(() => collector.pushes.length).toBe(index);
  }
  expect([cpu(1), cpu(2)]).toEqual([cpu(0), cpu(0)]);
  expect(cpu(3)).not.toEqual(cpu(0));
  // Live: from now on each push looks.
  reporting.configure({ ...on, runtimeExportIntervalMs: 0 });
  for (const begin = process.cpuUsage(); process.cpuUsage(begin).user < 2_000; );
  await time.advanceAsync(1_000);
  await expect.poll(() => collector.pushes.length).toBe(5);
  expect(cpu(4)).not.toEqual(cpu(3));
  await reporting.close();
  await collector.stop();
});

test('with prometheus and an address there is a page at it', async () => {
  const { reporting, logger } = createReporting();
  const probe = await startMetricsCollector('http/protobuf');
  const [host = '', port = ''] = probe.endpoint.split('/')[0]?.split(':') ?? [];
  await probe.stop();
  reporting.configure({ ...off, protocol: 'prometheus', endpoint: `${host}:${port}` });
  await expect.poll(async () => (await fetch(`http://${host}:${port}/metrics`).catch(() => undefined))?.text()).toContain('kn_revision_pods_desired 2');
  // One that cannot be listened at is said, and nothing else is lost.
  reporting.configure({ ...off, protocol: 'prometheus', endpoint: '203.0.113.1:1' });
  await expect.poll(() => logger.events.map(({ event }) => event)).toContain('metrics not reported');
  await reporting.close();
  await expect(fetch(`http://${host}:${port}/metrics`)).rejects.toThrow();
});
