import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMeter } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { startMetricsPush } from './metrics-push.ts';

/** Keeps what it is sent. */
async function startCollector(status = 200) {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(pieces).toString()));
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { bodies, endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`, stop: () => new Promise((resolve) => server.close(resolve)) };
}

test('what was added up since the start is pushed under the names of OpenTelemetry, and once more at the end', async () => {
  const { bodies, endpoint, stop } = await startCollector();
  const time = new SimulatedTime();
  const meter = createMeter();
  meter.histogram('kn_serving_invocation_duration_seconds', 'Time.', [0.1, 1], { http_response_status_code: '200' }).observe(0.5);
  meter.observedGauge('kn_serving_queue_depth', 'Depth.', () => 3);
  const requests = meter.counter('sluice_things_total', 'Things.');
  requests.add(2);
  const push = startMetricsPush({ url: endpoint, resource: { 'service.name': 'hello' }, meter, clock: time, timers: time, logger: new RecordingLogger() });
  time.advance(60_000);
  await push.push();
  requests.add();
  await push.close();
  await stop();

  expect(bodies).toHaveLength(2);
  expect(bodies[0]).toMatchObject({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'hello' } }] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'kn.serving.invocation.duration',
                unit: 's',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [{ count: '1', sum: 0.5, bucketCounts: ['0', '1', '0'], explicitBounds: [0.1, 1], attributes: [{ key: 'http.response.status_code', value: { stringValue: '200' } }] }],
                },
              },
              { name: 'kn.serving.queue.depth', gauge: { dataPoints: [{ asDouble: 3 }] } },
              { name: 'sluice_things_total', sum: { isMonotonic: true, dataPoints: [{ asDouble: 2 }] } },
              { name: 'sluice_metrics_pushes_failed_total', sum: { dataPoints: [{ asDouble: 0 }] } },
            ],
          },
        ],
      },
    ],
  });
  expect(JSON.stringify(bodies[1])).toContain('"asDouble":3');
});

test('a collector that takes nothing is logged and counted, and asked again', async () => {
  const { bodies, endpoint, stop } = await startCollector(503);
  const time = new SimulatedTime();
  const meter = createMeter();
  const logger = new RecordingLogger();
  const push = startMetricsPush({ url: `http://${endpoint}`, resource: {}, meter, clock: time, timers: time, logger });
  await push.push();
  await push.push();
  await push.close();
  await stop();
  expect(bodies).toHaveLength(3);
  expect(logger.events.filter(({ event }) => event === 'metrics not pushed')).toHaveLength(3);
  expect(meter.counter('sluice_metrics_pushes_failed_total', '').value).toBe(3);
});
