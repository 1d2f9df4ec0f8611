import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { configMaps, deployments, endpointSlices, KubernetesClient, type Deployment, type KubernetesObject } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { podAutoscalerKind, serverlessServiceKind, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { LoadServer, type ClusterStats, type LoadStatsStream } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { composeAutoscaler, type Autoscaler } from './compose.ts';

const key = 'default/hello-00001';
const started = '2026-01-01T00:00:00Z';

/** A revision with one replica of a limit of ten, and burst capacity out of the way. */
function revisionObjects(annotations: Record<string, string> = {}): KubernetesObject[] {
  const labels = { 'serving.knative.dev/revision': 'hello-00001' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'hello-00001-deployment', labels },
    spec: { replicas: 1, selector: {}, template: { spec: { containers: [] } } },
  };
  const pa = {
    apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
    kind: 'PodAutoscaler',
    metadata: {
      namespace: 'default',
      name: 'hello-00001',
      creationTimestamp: started,
      annotations: { 'autoscaling.knative.dev/target-burst-capacity': '0', ...annotations },
    },
    spec: {
      containerConcurrency: 10,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello-00001-deployment' },
      protocolType: 'http1',
      reachability: 'Reachable',
    },
  };
  return [deployment, pa];
}

function createWorld() {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const random = createSeededRandom(1);
  const kinds = [deployments, endpointSlices, configMaps, podAutoscalerKind, serverlessServiceKind];
  const api = new FakeApiServer({ kinds, clock: time });
  const loadServer = new LoadServer({ clock: time, logger, meter: createMeter() });
  const transport = createInMemoryTransport({
    timers: time,
    handlers: {
      onAds: () => {},
      onLoadStats: (stream) => loadServer.acceptReports(stream),
      onLoad: (stream) => loadServer.acceptSubscriber(stream),
    },
  });

  function startAutoscaler(): Autoscaler {
    const client = new KubernetesClient({ transport: api, fieldManager: 'sluice-autoscaler' });
    const autoscaler = composeAutoscaler({
      client,
      configService: '127.0.0.1:18000',
      openLoad: async () => ({ openLoad: () => transport.openLoad(), close() {} }),
      systemNamespace: 'sluice-system',
      identity: 'autoscaler-1',
      clock: time,
      timers: time,
      random,
      logger,
      meter: createMeter(),
    });
    void autoscaler.start();
    running.push(autoscaler);
    return autoscaler;
  }

  /** What the controllers beneath would do: the private Service and its slices, with so many pods ready. */
  function setReadyPods(count: number): void {
    const sks = api.find(serverlessServiceKind, key) as ServerlessService;
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'ActivatorEndpointsPopulated', status: sks.spec.mode === 'Proxy' ? 'True' : 'False', lastTransitionTime: started },
    ];
    api.put({ ...sks, status: { serviceName: 'hello-00001', privateServiceName: 'hello-00001-private', conditions } } as ServerlessService);
    api.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'hello-00001-private-abc', labels: { 'kubernetes.io/service-name': 'hello-00001-private' } },
      addressType: 'IPv4',
      endpoints: Array.from({ length: count }, (_, index) => ({ addresses: [`10.0.0.${index}`], conditions: { ready: true } })),
    } as KubernetesObject);
  }

  return {
    time,
    logger,
    api,
    transport,
    startAutoscaler,
    setReadyPods,
    replicas: () => (api.find(deployments, 'default/hello-00001-deployment') as Deployment).spec.replicas,
    sks: () => api.find(serverlessServiceKind, key) as ServerlessService,
    pa: () => api.find(podAutoscalerKind, key) as PodAutoscaler,
    decisions: () => logger.events.filter(({ event }) => event === 'scale decision').map(({ fields }) => fields),
    condition: (type: string) => (api.find(podAutoscalerKind, key) as PodAutoscaler).status?.conditions?.find((found) => found.type === type),
  };
}

type World = ReturnType<typeof createWorld>;

/** A proxy that reports a load whenever told. */
function connectReporter({ transport }: World, cluster: string, podName: string) {
  const stream: LoadStatsStream = transport.openLoadStats();
  stream.listen({ onMessage() {}, onEnd() {} });
  stream.send({ node: { id: podName, cluster, metadata: { POD_NAME: podName } }, clusterStats: [] });
  return (concurrency: number, intervalMs = 1000, metrics: ClusterStats['localities'][number]['metrics'] = {}) => {
    const stats: ClusterStats = {
      clusterName: key,
      droppedRequests: 0,
      droppedByCategory: {},
      intervalMs,
      localities: [
        {
          locality: { region: '', zone: '', subZone: '' },
          priority: 0,
          requestsInProgress: concurrency,
          issuedRequests: concurrency,
          successfulRequests: 0,
          errorRequests: 0,
          metrics: { concurrency_avg: { requests: 1, total: concurrency }, request_count: { requests: 1, total: concurrency }, ...metrics },
          endpoints: [],
        },
      ],
    };
    stream.send({ clusterStats: [stats] });
  };
}

/** Runs for so many seconds, reporting once a second. */
async function run({ time }: World, seconds: number, report?: () => void): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    report?.();
    await time.advanceAsync(1000);
  }
}

/** The same content, of which a text would be another. */
function withKeysReversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withKeysReversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).toReversed().map(([key, inner]) => [key, withKeysReversed(inner)]));
}

const running: Autoscaler[] = [];
afterEach(() => {
  running.length = 0;
});

/** A revision that is up with one pod, and its reporter. */
async function createRunningRevision(annotations: Record<string, string> = {}) {
  const world = createWorld();
  world.api.put(...revisionObjects(annotations));
  world.startAutoscaler();
  await world.time.advanceAsync(100);
  world.setReadyPods(1);
  const report = connectReporter(world, 'sluice-queue-proxy', 'pod-1');
  await world.time.advanceAsync(100);
  return { ...world, report };
}

describe('a new revision', () => {
  it('gets a path through the activators, and is active once its pod is ready', async () => {
    const world = createWorld();
    world.api.put(...revisionObjects());
    world.startAutoscaler();
    await world.time.advanceAsync(100);
    expect(world.sks()).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'PodAutoscaler', name: 'hello-00001', controller: true }] },
      spec: { mode: 'Proxy', numActivators: 2, protocolType: 'http1', objectRef: { name: 'hello-00001-deployment' } },
    });
    expect(world.condition('Active')).toMatchObject({ status: 'Unknown', reason: 'Queued' });
    expect(world.condition('SKSReady')).toMatchObject({ status: 'Unknown', message: 'No Private Service Name' });

    world.setReadyPods(1);
    await world.time.advanceAsync(100);
    expect(world.condition('Active')).toMatchObject({ status: 'True' });
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
    expect(world.pa().status).toMatchObject({ actualScale: 1, serviceName: 'hello-00001', metricsServiceName: 'hello-00001-private' });
  });

  it('has its status written once, in whatever order the server keeps the keys', async () => {
    const world = await createRunningRevision();
    world.api.put(withKeysReversed(world.pa()) as PodAutoscaler);
    world.api.writes.length = 0;
    await world.time.advanceAsync(100);
    expect(world.api.writes).toEqual([]);
  });
});

describe('under load', () => {
  it('pods follow the formula, and the reason is logged', async () => {
    const world = await createRunningRevision();
    await run(world, 2, () => world.report(13));
    expect(world.replicas()).toBe(2);
    expect(world.sks().spec.mode).toBe('Serve');
    expect(world.decisions()).toMatchObject([
      { revision: key, from: 1, to: 2, ready: 1, stable: 13, reason: 'panic concurrency 13 at 7 per pod wants 2, 2× of 1 ready or more: panic' },
    ]);
    expect(world.pa().status).toMatchObject({ desiredScale: 2, actualScale: 1 });
  });

  it('a burst is decided on at once, not on the tick', async () => {
    const world = await createRunningRevision();
    await run(world, 3, () => world.report(1));
    expect(world.replicas()).toBe(1);
    // The tick was at 2 s; the next is at 4 s, and the time is 3.2 s.
    world.report(600);
    await world.time.advanceAsync(20);
    expect(world.replicas()).toBeGreaterThan(10);
  });

  it('the number of pods stays within the bounds of the annotations', async () => {
    const world = await createRunningRevision({ 'autoscaling.knative.dev/max-scale': '3' });
    await run(world, 3, () => world.report(500));
    expect(world.replicas()).toBe(3);
    expect(world.decisions().at(-1)?.['reason']).toContain('at most 3 by max-scale');
  });
});

describe('scaling to zero', () => {
  const annotations = { 'autoscaling.knative.dev/window': '6s' };

  it('puts activators in the path first, then takes the pod, and the next request brings it back at once', async () => {
    const world = await createRunningRevision(annotations);
    await run(world, 4, () => world.report(1));
    expect(world.sks().spec.mode).toBe('Serve');

    await run(world, 12, () => world.report(0));
    expect(world.sks().spec.mode).toBe('Proxy');
    expect(world.condition('Active')).toMatchObject({ status: 'False', reason: 'NoTraffic' });
    expect(world.replicas()).toBe(1);

    world.setReadyPods(1);
    await run(world, 35, () => world.report(0));
    expect(world.replicas()).toBe(0);
    expect(world.decisions().at(-1)).toMatchObject({ from: 1, to: 0 });
    world.setReadyPods(0);
    await run(world, 10);

    const activator = connectReporter(world, 'sluice-activator', 'activator-1');
    activator(1, 0);
    await world.time.advanceAsync(20);
    expect(world.replicas()).toBe(1);
    expect(world.condition('Active')).toMatchObject({ status: 'Unknown', reason: 'Queued' });
  });

  it('tells in the status how long the last waking took, with the write that says that it is active', async () => {
    const world = await createRunningRevision(annotations);
    await run(world, 4, () => world.report(1));
    expect(world.pa().status?.annotations).toBeUndefined();
    await run(world, 12, () => world.report(0));
    world.setReadyPods(1);
    await run(world, 35, () => world.report(0));
    world.setReadyPods(0);
    await run(world, 10);
    const wokenAt = world.time.wallTime();
    const activator = connectReporter(world, 'sluice-activator', 'activator-1');
    activator(1, 0);
    await world.time.advanceAsync(300);
    const statuses = () => world.api.writes.length;
    world.setReadyPods(1);
    const before = statuses();
    await world.time.advanceAsync(100);
    expect(world.condition('Active')?.status).toBe('True');
    const record = () => JSON.parse(world.pa().status?.annotations?.['autoscaling.sluice.dev/last-cold-start'] ?? '{}') as { at: string; decideMs: number; podReadyMs: number };
    const told = record();
    expect(Date.parse(told.at) - wokenAt).toBeLessThan(20);
    expect(told.decideMs).toBeLessThan(20);
    expect(told.decideMs + told.podReadyMs).toBeGreaterThanOrEqual(280);
    expect(told.decideMs + told.podReadyMs).toBeLessThan(330);
    // One of the status, and one of the path.
    expect(statuses() - before).toBeLessThanOrEqual(2);

    // What the activator measured comes after the answer, and is one write more.
    const afterwards = statuses();
    activator(1, 1000, { cold_start_wait_ms: { requests: 1, total: 312.4 }, cold_start_first_byte_ms: { requests: 1, total: 4 } });
    await world.time.advanceAsync(100);
    expect(record()).toEqual({ ...told, waitMs: 312, firstByteMs: 4 });
    expect(statuses() - afterwards).toBe(1);
  });

  it('is off when the configuration says so, from the moment it says so', async () => {
    const world = await createRunningRevision(annotations);
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'sluice-system', name: 'config-autoscaler' } };
    world.api.put({ ...configMap, data: { 'enable-scale-to-zero': 'false' } } as KubernetesObject);
    await run(world, 60, () => world.report(0));
    expect(world.replicas()).toBe(1);
    expect(world.condition('Active')).toMatchObject({ status: 'True' });
  });

  it('keeps the last good configuration when a bad one comes', async () => {
    const world = await createRunningRevision(annotations);
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'sluice-system', name: 'config-autoscaler' } };
    world.api.put({ ...configMap, data: { 'enable-scale-to-zero': 'false' } } as KubernetesObject);
    await world.time.advanceAsync(100);
    world.api.put({ ...configMap, data: { 'stable-window': '1s' } } as KubernetesObject);
    await run(world, 60, () => world.report(0));
    expect(world.replicas()).toBe(1);
    expect(world.logger.events.find(({ event }) => event === 'config refused')?.fields).toMatchObject({
      problems: ['stable-window: must be whole seconds from 6s to 1h0m0s'],
    });
  });
});

describe('when reports stop coming', () => {
  it('everything stays as it is, however long, and starts over when they come again', async () => {
    const world = await createRunningRevision({ 'autoscaling.knative.dev/window': '6s' });
    await run(world, 10, () => world.report(30));
    const replicas = world.replicas();
    world.setReadyPods(replicas ?? 0);
    world.transport.reachable = false;
    await run(world, 120);
    expect(world.replicas()).toBe(replicas);
    expect(world.sks().spec.mode).toBe('Serve');

    world.transport.reachable = true;
    const report = connectReporter(world, 'sluice-queue-proxy', 'pod-1');
    await run(world, 8, () => report(0));
    // A whole stable window must have been seen before anything is taken away.
    expect(world.replicas()).toBe(replicas);
    await run(world, 20, () => report(0));
    expect(world.replicas()).toBeLessThan(replicas ?? 0);
  });

  it('what had been reported is not averaged on', async () => {
    const world = await createRunningRevision({ 'autoscaling.knative.dev/window': '30s' });
    await run(world, 3, () => world.report(30));
    world.setReadyPods(5);
    await run(world, 40, () => world.report(30));
    await run(world, 4, () => world.report(0));
    const replicas = world.replicas();
    world.transport.reachable = false;
    // The older half of the window, which had the load, would fall out of it meanwhile.
    await run(world, 20);
    expect(world.replicas()).toBe(replicas);
  });

  it('a restarted autoscaler touches neither scale nor path before it has seen load', async () => {
    const world = await createRunningRevision();
    await run(world, 10, () => world.report(30));
    const replicas = world.replicas();
    world.setReadyPods(replicas ?? 0);
    await running[0]?.stop();
    world.startAutoscaler();
    await run(world, 5);
    expect(world.replicas()).toBe(replicas);
    expect(world.sks().spec.mode).toBe('Serve');
  });

  it('a restarted autoscaler takes the last pod only after a whole window in which it has heard of no load', async () => {
    const world = await createRunningRevision({ 'autoscaling.knative.dev/window': '30s' });
    // Active for longer than the window, with a last request shortly before the restart.
    await run(world, 60, () => world.report(3));
    await running[0]?.stop();
    world.startAutoscaler();
    await run(world, 25, () => world.report(0));
    expect(world.condition('Active')?.status).toBe('True');
    expect(world.replicas()).toBe(1);
    await run(world, 10, () => world.report(0));
    expect(world.condition('Active')?.status).toBe('False');
  });
});

describe('a revision that is deleted', () => {
  it('is forgotten: reports about it change nothing', async () => {
    const world = await createRunningRevision();
    world.api.remove(podAutoscalerKind, key);
    await world.time.advanceAsync(100);
    await run(world, 5, () => world.report(100));
    expect(world.replicas()).toBe(1);
  });
});
