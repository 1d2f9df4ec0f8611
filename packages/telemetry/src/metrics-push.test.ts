import { createMeter } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { startMetricsPush } from './metrics-push.ts';
import { startMetricsCollector } from './testing/index.ts';

const protocols = ['http/protobuf', 'grpc'] as const;

test.each(protocols)('what was added up since the start is pushed by %s under the names of OpenTelemetry, and once more at the end', async (protocol) => {
  const collector = await startMetricsCollector(protocol);
  const time = new SimulatedTime();
  const meter = createMeter();
  meter.histogram('kn_serving_invocation_duration_seconds', 'Time.', [0.1, 1], { http_response_status_code: '200' }).observe(0.5);
  meter.observedGauge('kn_serving_queue_depth', 'Depth.', () => 3);
  meter.gauge('kn_revision_request_active', 'Active.', { k8s_namespace_name: 'default', kn_revision_name: 'hello-00001' }).set(2);
  const requests = meter.counter('sluice_things_total', 'Things.');
  requests.add(2);
  const push = startMetricsPush({ protocol, endpoint: collector.endpoint, resource: { 'service.name': 'hello' }, meter, clock: time, timers: time, logger: new RecordingLogger() });
  time.advance(60_000);
  await push.push();
  requests.add();
  await push.close();
  await collector.stop();

  expect(collector.pushes).toHaveLength(2);
  expect(collector.pushes[0]).toEqual({
    resource: { 'service.name': 'hello' },
    metrics: [
      {
        name: 'kn.serving.invocation.duration',
        unit: 's',
        kind: 'histogram',
        isMonotonic: false,
        points: [{ attributes: { 'http.response.status_code': '200' }, value: 0.5, count: 1, buckets: [0, 1, 0], bounds: [0.1, 1] }],
      },
      { name: 'kn.serving.queue.depth', unit: '{request}', kind: 'gauge', isMonotonic: false, points: [{ attributes: {}, value: 3 }] },
      { name: 'kn.revision.request.active', unit: '{request}', kind: 'sum', isMonotonic: false, points: [{ attributes: { 'k8s.namespace.name': 'default', 'kn.revision.name': 'hello-00001' }, value: 2 }] },
      { name: 'sluice_things_total', unit: '', kind: 'sum', isMonotonic: true, points: [{ attributes: {}, value: 2 }] },
      { name: 'sluice_metrics_pushes_failed_total', unit: '', kind: 'sum', isMonotonic: true, points: [{ attributes: {}, value: 0 }] },
    ],
  });
  expect(collector.pushes[1]?.metrics.find(({ name }) => name === 'sluice_things_total')?.points).toEqual([{ attributes: {}, value: 3 }]);
});

test('a collector that takes nothing is logged and counted, and asked again', async () => {
  const collector = await startMetricsCollector('http/protobuf', 503);
  const time = new SimulatedTime();
  const meter = createMeter();
  const logger = new RecordingLogger();
  const push = startMetricsPush({ protocol: 'http/protobuf', endpoint: `http://${collector.endpoint}`, resource: {}, meter, clock: time, timers: time, logger });
  await push.push();
  await push.push();
  await push.close();
  await collector.stop();
  expect(collector.pushes).toHaveLength(3);
  expect(logger.events.filter(({ event }) => event === 'metrics not pushed')).toHaveLength(3);
  expect(meter.counter('sluice_metrics_pushes_failed_total', '').value).toBe(3);
});
