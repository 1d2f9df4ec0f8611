import { withMetricNames } from '@sluice/telemetry';
import { createLoadSubscriber, LoadServer } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { expect, test } from 'vitest';
import { createLoadReports } from './load-reports.ts';
import { olderLabelsOf } from './pod-resource.ts';
import { createPod } from './testing/simulated-pod.ts';
import { waitForDrain } from './wait-for-drain.ts';

const probe = 'k-network-probe: queue\r\n';

test('the program gets no more at once than its limit, and everybody is answered', async () => {
  const { time, program, startProgram, request } = await createPod();
  await startProgram();
  const exchanges = Array.from({ length: 12 }, () => request());
  await time.advanceAsync(3000);
  expect(exchanges.filter(({ answer }) => answer.endsWith('hello'))).toHaveLength(12);
  expect(program.runningMax).toBe(2);
});

test('the pod is ready once the program listens', async () => {
  const { time, startProgram, request } = await createPod();
  const early = request(probe);
  await time.advanceAsync(500);
  expect(early.answer).toBe('');
  await startProgram();
  await time.advanceAsync(100);
  expect(early.answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nqueue$/);
});

test('the first request goes by the connection by which the program was found, and later ones by others', async () => {
  const { time, program, startProgram, request } = await createPod();
  const early = request(probe);
  await startProgram();
  await time.advanceAsync(60);
  expect([early.answer.endsWith('queue'), program.connections]).toEqual([true, 1]);
  const first = request();
  await time.advanceAsync(50);
  const second = request();
  await time.advanceAsync(500);
  expect([first.answer.endsWith('hello'), second.answer.endsWith('hello'), program.connections]).toEqual([true, true, 2]);
});

test('a program that is found and asked nothing has no connection open a moment later', async () => {
  const { time, program, startProgram, request } = await createPod();
  const early = request(probe);
  await startProgram();
  await time.advanceAsync(60);
  expect(program.open).toBe(1);
  await time.advanceAsync(200);
  const again = request(probe);
  await time.advanceAsync(50);
  expect([early.answer.endsWith('queue'), again.answer.endsWith('queue'), program.open, program.connections]).toEqual([true, true, 0, 2]);
});

test('a port that is closed for a moment costs its clients time and not an error', async () => {
  const { time, startProgram, request } = await createPod();
  const exchange = request();
  await time.advanceAsync(400);
  expect(exchange.answer).toBe('');
  await startProgram();
  await time.advanceAsync(500);
  expect(exchange.answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*hello$/);
});

test('a program that does not come is a 502', async () => {
  const { time, request } = await createPod();
  const exchange = request();
  await time.advanceAsync(20_000);
  expect(exchange.answer).toMatch(/^HTTP\/1\.1 502 /);
});

test('the program is told what the client sent, and the response carries nothing of ours', async () => {
  const { time, program, startProgram, request } = await createPod();
  await startProgram();
  const exchange = request('knative-serving-revision: hello-00001\r\nx-mine: 1\r\n');
  await time.advanceAsync(500);
  expect(program.heads[0]).toContain('x-mine: 1');
  expect(program.heads[0]).not.toContain('knative-serving');
  expect(exchange.answer).not.toMatch(/x-envoy|server:/i);
});

test('a request that takes too long is answered 504', async () => {
  const { time, startProgram, request } = await createPod({ REVISION_TIMEOUT_SECONDS: '1' }, 60_000);
  await startProgram();
  const exchange = request();
  await time.advanceAsync(1500);
  expect(exchange.answer).toMatch(/^HTTP\/1\.1 504 [\s\S]*\r\n\r\nrequest timeout$/);
});

test('draining fails probes, serves requests until it has been quiet, and ends after the last', async () => {
  const { time, startProgram, request, sidecar } = await createPod({}, 1500);
  await startProgram();
  let isDrained = false;
  void sidecar.drain().then(() => (isDrained = true));
  await time.advanceAsync(1000);
  const refused = request(probe);
  const served = request();
  await time.advanceAsync(1900);
  expect(refused.answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*shutting down$/);
  expect(isDrained).toBe(false);
  await time.advanceAsync(3000);
  expect([served.answer.endsWith('hello'), isDrained]).toEqual([true, true]);
  const late = request();
  await time.advanceAsync(500);
  expect(late.answer).toBe('refused');
});

test('a hook whose container is only restarted does not drain the pod', async () => {
  const { time, sidecar } = await createPod();
  const done: string[] = [];
  waitForDrain({ drainer: sidecar.drainer, timers: time, isTerminating: () => false }, () => done.push('hook'));
  expect(sidecar.drainer.isDraining).toBe(true);
  await time.advanceAsync(1000);
  expect([sidecar.drainer.isDraining, done]).toEqual([false, ['hook']]);
});

test('load is reported each second, with those that wait', async () => {
  const { time, shared, settings, sidecar, startProgram, request } = await createPod({}, 60_000);
  await startProgram();
  const loadServer = new LoadServer(shared);
  const transport = createInMemoryTransport({
    timers: time,
    handlers: { onAds() {}, onLoad() {}, onLoadStats: (stream) => loadServer.acceptReports(stream) },
  });
  createLoadReports({ ...shared, settings, load: sidecar.load, transport }).start();
  await time.advanceAsync(100);
  for (let index = 0; index < 5; index += 1) request();
  await time.advanceAsync(2000);
  const [load] = loadServer.loads();
  expect(load).toMatchObject({ namespace: 'default', revision: 'hello-00001', podName: 'hello-00001-abc', source: 'SIDECAR', requestsInProgress: 5 });
  expect(load?.averageConcurrentRequests).toBeCloseTo(5, 5);
});

test('load that rises beyond what the pod should have is told of at once, and counted once', async () => {
  const { time, shared, settings, sidecar, startProgram, request } = await createPod({ CONTAINER_CONCURRENCY: '10', SLUICE_SCALING_TARGET: '6' }, 60_000);
  await startProgram();
  const loadServer = new LoadServer(shared);
  const transport = createInMemoryTransport({
    timers: time,
    handlers: { onAds() {}, onLoad: (stream) => loadServer.acceptSubscriber(stream), onLoadStats: (stream) => loadServer.acceptReports(stream) },
  });
  const heard: { readonly at: number; readonly concurrency: number; readonly isAhead: boolean }[] = [];
  createLoadSubscriber({
    ...shared,
    transport,
    subscriber: 'test',
    onLoad: ({ averageConcurrentRequests: concurrency, intervalMs }) => heard.push({ at: time.now(), concurrency, isAhead: intervalMs === 0 }),
  }).start();
  createLoadReports({ ...shared, settings, load: sidecar.load, transport }).start();
  await time.advanceAsync(1_500);
  heard.length = 0;
  const begin = time.now();
  for (let index = 0; index < 9; index += 1) request();
  await time.advanceAsync(100);
  // Five are more than seven tenths of six, eight are half as many again; and nine were there when the burst was over.
  expect(heard.map(({ concurrency, isAhead }) => [concurrency, isAhead])).toEqual([[5, true], [8, true], [9, true]]);
  expect((heard[0]?.at ?? 0) - begin).toBeLessThan(20);
  await time.advanceAsync(1_000);
  expect(loadServer.clusters()).toMatchObject([{ issuedRequests: 9 }]);
  expect(heard.at(-1)).toMatchObject({ isAhead: false });
});

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traced = { OBSERVABILITY_CONFIG: JSON.stringify({ Tracing: { protocol: 'http/protobuf', endpoint: 'http://otel:4318/v1/traces', sampling_rate: 0 } }) };

test('a traced request has a span of being passed on, which the program stands beneath, and one of its wait', async () => {
  const { time, program, spans, startProgram, request } = await createPod({ ...traced, CONTAINER_CONCURRENCY: '1' });
  await startProgram();
  const sampled = `traceparent: 00-${traceId}-b7ad6b7169203331-01\r\n`;
  request(sampled);
  request(sampled);
  request(`traceparent: 00-${traceId}-b7ad6b7169203331-00\r\n`);
  await time.advanceAsync(1000);
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [server, proxied, waited] = [spans.filter(({ kind }) => kind === 'server'), named('kn.queueproxy.proxy'), named('kn.queueproxy.wait')];
  expect([spans.length, server.length, proxied.length, waited.length]).toEqual([6, 2, 2, 2]);
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(server.map(({ parentSpanId }) => parentSpanId)).toEqual(['b7ad6b7169203331', 'b7ad6b7169203331']);
  expect(proxied.map(({ parentSpanId }) => parentSpanId)).toEqual(server.map(({ spanId }) => spanId));
  expect(waited.map(({ parentSpanId }) => parentSpanId)).toEqual(proxied.map(({ spanId }) => spanId));
  const durations = waited.map(({ startWallTime, endWallTime }) => endWallTime - startWallTime);
  // The second waited for the first, which took a tenth of a second.
  expect(durations[0]).toBeLessThan(1);
  expect(durations[1]).toBeGreaterThan(90);
  expect(program.heads.slice(0, 2).map((head) => /traceparent: (\S+)/.exec(head)?.[1])).toEqual(proxied.map(({ spanId }) => `00-${traceId}-${spanId}-01`));
});

test('without a limit there is no wait to have a span', async () => {
  const { time, spans, startProgram, request } = await createPod({ ...traced, CONTAINER_CONCURRENCY: '0' });
  await startProgram();
  request(`traceparent: 00-${traceId}-b7ad6b7169203331-01\r\n`);
  await time.advanceAsync(1000);
  expect(spans.map(({ name }) => name)).toEqual(['kn.queueproxy.proxy', 'GET app']);
});

test('those in the queue are counted with those that run, under the older name too where it is asked for', async () => {
  const { time, shared, settings, startProgram, request } = await createPod({ SLUICE_METRIC_NAMES: 'both', CONTAINER_CONCURRENCY: '1' }, 60_000);
  await startProgram();
  for (let index = 0; index < 3; index += 1) request();
  await time.advanceAsync(100);
  const families = withMetricNames(shared.meter, settings.metricNames, olderLabelsOf(settings.identity)).collect();
  const samples = (name: string) => families.find((family) => family.name === name)?.samples;
  expect(samples('kn_serving_queue_depth')).toEqual([{ labels: {}, value: 3 }]);
  expect(samples('revision_queue_depth')).toEqual([
    {
      labels: { namespace_name: 'default', service_name: '', configuration_name: 'hello', revision_name: 'hello-00001', pod_name: 'hello-00001-abc', container_name: 'queue-proxy' },
      value: 3,
    },
  ]);
});
