import { createMeter, systemTimers as timers } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { LiveTelemetry, readTelemetrySettings } from './live-telemetry.ts';
import { openLogger } from './pino-logger.ts';
import { startMetricsCollector } from './testing/index.ts';

const silent = readTelemetrySettings({});

async function createTelemetry(port = 0) {
  const clock = new SimulatedTime();
  const logging = await openLogger({ name: 'test', level: 'info', clock, write: () => {} });
  const logger = new RecordingLogger();
  const telemetry = new LiveTelemetry({ resource: { 'service.name': 'test' }, meter: createMeter(), clock, timers, logger, logging, profiler: { host: '127.0.0.1', port } });
  return { telemetry, logging, logger };
}

test('the level is what the configuration says; without a word of it, that of the command line', async () => {
  const { telemetry, logging } = await createTelemetry();
  const levels = ['debug', 'dpanic', 'warn', undefined].map((logLevel) => {
    telemetry.apply({ ...silent, logLevel });
    return logging.level;
  });
  expect(levels).toEqual(['debug', 'error', 'warn', 'info']);
  await telemetry.close();
});

test('a level set by hand stays until the configuration says another', async () => {
  const { telemetry, logging } = await createTelemetry();
  telemetry.apply({ ...silent, logLevel: 'warn' });
  logging.setLevel('debug');
  telemetry.apply({ ...silent, logLevel: 'warn' });
  expect(logging.level).toBe('debug');
  telemetry.apply({ ...silent, logLevel: 'error' });
  expect(logging.level).toBe('error');
  await telemetry.close();
});

test('the profiler is there while it is wanted', async () => {
  const free = await startMetricsCollector('http/protobuf');
  const port = Number(/:(\d+)/.exec(free.endpoint)?.[1]);
  await free.stop();
  const { telemetry } = await createTelemetry(port);
  const ask = () => fetch(`http://127.0.0.1:${port}/debug/pprof/`).then(({ status }) => status).catch(() => 'refused');
  expect(await ask()).toBe('refused');
  telemetry.apply({ ...silent, isProfiling: true });
  await expect.poll(ask).toBe(200);
  telemetry.apply(silent);
  await expect.poll(ask).toBe('refused');
  await telemetry.close();
});

test('settings that came over a wire are read as far as they can be', () => {
  const metrics = { protocol: 'grpc', endpoint: 'collector:4317', exportIntervalMs: 5_000, runtimeExportIntervalMs: 1_000 };
  const settings = { logLevel: 'debug', metrics, isProfiling: true, requestLog: { template: '{{.TraceID}}', logsProbes: false } };
  expect(readTelemetrySettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  const nothing = { logLevel: undefined, metrics: { protocol: 'none', endpoint: '', exportIntervalMs: 0, runtimeExportIntervalMs: 15_000 }, isProfiling: false, requestLog: undefined };
  expect([readTelemetrySettings(undefined), readTelemetrySettings({ metrics: 7, logLevel: {}, requestLog: { template: 3 } })]).toEqual([nothing, nothing]);
});
