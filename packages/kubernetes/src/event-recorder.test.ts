import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { configMaps, events } from './builtin-kinds.ts';
import { KubernetesClient } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import type { ConfigMap } from './objects/cluster.ts';
import { FakeApiServer } from './testing/index.ts';

const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n', uid: 'u' } };

function createWorld() {
  const time = new SimulatedTime(Date.UTC(2026, 0, 1));
  const server = new FakeApiServer({ kinds: [configMaps, events], clock: time });
  const logger = new RecordingLogger();
  const client = new KubernetesClient({ transport: server, fieldManager: 'test' });
  return { time, server, logger, recorder: new EventRecorder({ client, component: 'tester', clock: time, logger }) };
}

test('the same event again raises the count and the last time', async () => {
  const { time, server, recorder } = createWorld();
  recorder.record(object, 'Warning', 'Failed', 'it broke');
  time.advance(5000);
  recorder.record(object, 'Warning', 'Failed', 'it broke');
  recorder.record(object, 'Normal', 'Mended', 'it works');
  await recorder.flush();

  expect(server.list(events)).toMatchObject([
    {
      metadata: { namespace: 'n' },
      involvedObject: { kind: 'ConfigMap', name: 'a', uid: 'u' },
      reason: 'Failed',
      type: 'Warning',
      count: 2,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:05Z',
      source: { component: 'tester' },
    },
    { reason: 'Mended', count: 1 },
  ]);
});

test('a failure to record is said at debug and goes no further', async () => {
  const { server, logger, recorder } = createWorld();
  server.fail({ status: 403, reason: 'Forbidden' });
  recorder.record(object, 'Normal', 'Seen', 'nobody may know');
  await recorder.flush();

  expect(server.list(events)).toEqual([]);
  expect(logger.events).toMatchObject([{ level: 'debug', event: 'event not recorded' }]);
});
