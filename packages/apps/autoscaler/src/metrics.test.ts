/** What the page of an autoscaler at work says, under today's names and those up to 1.18. */
import type { LabelValues, Meter, MetricSample } from '@sluice/kernel';
import { deployments, type Deployment, type KubernetesObject } from '@sluice/kubernetes';
import { podAutoscalerKind, type ComponentTelemetry, type PodAutoscaler } from '@sluice/serving';
import { withMetricNames } from '@sluice/telemetry';
import { expect, it } from 'vitest';
import { createAutoscalerWorld, type AutoscalerWorld } from './testing/autoscaler-world.ts';

const address = '10.0.0.1';
const labels: LabelValues = { k8s_namespace_name: 'default', kn_service_name: 'hello-service', kn_configuration_name: 'hello-configuration', kn_revision_name: 'hello' };
const olderLabels: LabelValues = { namespace_name: 'default', service_name: 'hello-service', configuration_name: 'hello-configuration', revision_name: 'hello' };

/** A revision whose one ready pod says of itself what it is told to. */
async function startWorld(annotations: Record<string, string> = {}) {
  const world = createAutoscalerWorld();
  world.addRevision('hello', annotations);
  const pod = await world.startQueueProxy('pod-1', '10.1.0.1');
  const { meter } = world.startAutoscaler('autoscaler', address);
  await world.time.advanceAsync(100);
  world.setReadyPods('hello', { 'pod-1': '10.1.0.1' });
  return { ...world, pod, meter };
}

/** By name, whatever begins so. */
function read(meter: Meter, prefix: string): Readonly<Record<string, readonly MetricSample[]>> {
  return Object.fromEntries(withMetricNames(meter, 'both').collect().flatMap(({ name, samples }) => (name.startsWith(prefix) && samples.length > 0 ? [[name, samples]] : [])));
}

/** One value each, of the revision. */
function values(meter: Meter, prefix: string, own: LabelValues): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(read(meter, prefix)).map(([name, samples]) => {
      expect(samples.map((sample) => sample.labels)).toEqual([own]);
      return [name, samples[0]?.value ?? Number.NaN];
    }),
  );
}

/** Beside the pod that is ready: one that is not yet, one that goes, and two that have no address. */
function setUnreadyPods({ api }: AutoscalerWorld): void {
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: 'hello-private-def', labels: { 'kubernetes.io/service-name': 'hello-private' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.1.0.2'], conditions: { ready: false } },
      { addresses: ['10.1.0.3'], conditions: { ready: false, terminating: true } },
    ],
  } as KubernetesObject);
  const deployment = api.find(deployments, 'default/hello-deployment') as Deployment;
  api.put({ ...deployment, status: { replicas: 4 } } as Deployment);
}

it('pods that are wanted, asked for and there, and what burst they could take', async () => {
  const world = await startWorld({ 'autoscaling.knative.dev/target-burst-capacity': '2' });
  world.pod.stat = { ...world.pod.stat, averageConcurrentRequests: 6 };
  await world.time.advanceAsync(90_000);
  setUnreadyPods(world);
  await world.time.advanceAsync(100);
  expect(values(world.meter, 'kn_revision_', labels)).toEqual({
    kn_revision_pods_desired: 1,
    kn_revision_pods_requested: 1,
    kn_revision_pods_count: 1,
    kn_revision_pods_not_ready_count: 1,
    kn_revision_pods_terminating_count: 1,
    kn_revision_pods_pending_count: 2,
    // A limit of ten, less the six that are there and the two that are asked for.
    kn_revision_capacity_excess: 2,
    kn_revision_panic_mode: 0,
    kn_revision_concurrency_stable: 6,
    kn_revision_concurrency_panic: 6,
    kn_revision_concurrency_target: 7,
  });
  expect(values(world.meter, 'autoscaler_', olderLabels)).toMatchObject({
    autoscaler_desired_pods: 1,
    autoscaler_requested_pods: 1,
    autoscaler_actual_pods: 1,
    autoscaler_not_ready_pods: 1,
    autoscaler_terminating_pods: 1,
    autoscaler_pending_pods: 2,
    autoscaler_excess_burst_capacity: 2,
    autoscaler_panic_mode: 0,
    autoscaler_stable_request_concurrency: 6,
    autoscaler_panic_request_concurrency: 6,
    autoscaler_target_concurrency_per_pod: 7,
  });
});

it('averages move with the load, though nothing be done about it, and panic shows', async () => {
  const world = await startWorld();
  world.pod.stat = { ...world.pod.stat, averageConcurrentRequests: 6 };
  await world.time.advanceAsync(90_000);
  world.pod.stat = { ...world.pod.stat, averageConcurrentRequests: 2 };
  await world.time.advanceAsync(30_000);
  const half = values(world.meter, 'kn_revision_', labels);
  expect(half['kn_revision_concurrency_panic']).toBe(2);
  expect(half['kn_revision_concurrency_stable']).toBeGreaterThan(3.5);
  expect(half['kn_revision_concurrency_stable']).toBeLessThan(4.5);
  world.pod.stat = { ...world.pod.stat, averageConcurrentRequests: 20 };
  await world.time.advanceAsync(10_000);
  expect(values(world.meter, 'kn_revision_', labels)).toMatchObject({ kn_revision_panic_mode: 1, kn_revision_concurrency_panic: 20, kn_revision_pods_desired: 3, kn_revision_pods_requested: 3 });
});

it('of a revision that is scaled by requests per second, these, and what a change of mind leaves behind is gone', async () => {
  const world = await startWorld({ 'autoscaling.knative.dev/metric': 'rps', 'autoscaling.knative.dev/target': '50' });
  world.pod.stat = { ...world.pod.stat, averageConcurrentRequests: 1, requestCount: 30 };
  await world.time.advanceAsync(90_000);
  expect(read(world.meter, 'kn_revision_concurrency')).toEqual({});
  expect(values(world.meter, 'kn_revision_rps', labels)).toEqual({ kn_revision_rps_stable_per_second: 30, kn_revision_rps_panic_per_second: 30, kn_revision_rps_target_per_second: 35 });
  expect(values(world.meter, 'autoscaler_', olderLabels)).toMatchObject({
    autoscaler_stable_requests_per_second: 30,
    autoscaler_panic_requests_per_second: 30,
    autoscaler_target_requests_per_second: 35,
  });
  const pa = world.api.find(podAutoscalerKind, 'default/hello') as PodAutoscaler;
  world.api.put({ ...pa, metadata: { ...pa.metadata, annotations: {} } } as PodAutoscaler);
  await world.time.advanceAsync(5_000);
  expect(Object.keys(read(world.meter, 'kn_revision_rps'))).toEqual([]);
  expect(Object.keys(values(world.meter, 'kn_revision_concurrency', labels))).toHaveLength(3);
});

it('how long it took to ask the pods, and nothing of a revision that has gone', async () => {
  const world = await startWorld();
  await world.time.advanceAsync(10_000);
  const [today] = read(world.meter, 'kn_autoscaler_scrape_duration_seconds')['kn_autoscaler_scrape_duration_seconds'] ?? [];
  const [older] = read(world.meter, 'autoscaler_scrape_time')['autoscaler_scrape_time'] ?? [];
  expect([today?.labels, older?.labels]).toEqual([labels, olderLabels]);
  expect(today?.count).toBeGreaterThanOrEqual(9);
  // On this network an answer takes milliseconds.
  expect(today?.value).toBeGreaterThan(0);
  expect(today?.value).toBeLessThan(1);
  expect(older?.value).toBeCloseTo(1000 * (today?.value ?? 0), 6);
  world.api.remove(podAutoscalerKind, 'default/hello');
  await world.time.advanceAsync(2_000);
  expect(read(world.meter, 'kn_revision_')).toEqual({});
  expect(read(world.meter, 'kn_autoscaler_')).toEqual({});
});

it('what ConfigMaps say of its own logs and metrics reaches it as it changes, and decides nothing anew', async () => {
  const world = createAutoscalerWorld();
  const heard: ComponentTelemetry[] = [];
  const { logger } = world.startAutoscaler('autoscaler', address, { onTelemetry: (telemetry) => heard.push(telemetry) });
  await world.time.advanceAsync(100);
  const put = async (name: string, data: Record<string, string>) => {
    world.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'sluice-system', name }, data } as KubernetesObject);
    await world.time.advanceAsync(100);
  };
  await put('config-logging', { 'zap-logger-config': '{"level":"warn"}' });
  await put('config-logging', { 'zap-logger-config': '{"level":"warn"}', 'loglevel.autoscaler': 'debug', 'loglevel.activator': 'error' });
  await put('config-observability', { 'metrics-protocol': 'grpc', 'metrics-endpoint': 'otel:4317', 'metrics-export-interval': '5s', 'runtime-export-interval': '3s', 'runtime-profiling': 'enabled' });
  // Wrong: what held goes on holding.
  await put('config-logging', { 'loglevel.autoscaler': 'loud' });
  expect(heard.map(({ logLevel, metrics: { protocol }, isProfiling }) => [logLevel, protocol, isProfiling])).toEqual([
    ['warn', 'none', false],
    ['debug', 'none', false],
    ['debug', 'grpc', true],
  ]);
  expect(heard.at(-1)?.metrics).toEqual({ protocol: 'grpc', endpoint: 'otel:4317', exportIntervalMs: 5_000, runtimeExportIntervalMs: 3_000 });
  expect(logger.events.filter(({ event }) => event === 'config refused')).toHaveLength(1);
});
