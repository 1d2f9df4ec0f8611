/** The autoscaler of the benchmark: the real one over the real load stream, with an API server in memory behind it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { composeAutoscaler } from '@sluice/autoscaler';
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { configMaps, deployments, endpointSlices, KubernetesClient, type KubernetesObject, type Transport } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { podAutoscalerKind, serverlessServiceKind } from '@sluice/serving';
import { loadCodec, openGrpcTransport } from '@sluice/xds';
import { answer, spreadOf, type AutoscalerFigures } from './messages.ts';

const [port = 0, revisions = 0, pods = 0] = process.argv.slice(2).map(Number);
const api = new FakeApiServer({ kinds: [deployments, endpointSlices, configMaps, podAutoscalerKind, serverlessServiceKind], clock: systemClock });
for (let index = 0; index < revisions; index += 1) api.put(...objectsOf(`hello-${index}`));
// What was put before anybody watched is not to be told as a change.
api.compact();

/** When the first report of a step was sent, by revision. */
const steppedAt = new Map<string, number>();
const heardMs: number[] = [];
const decidedMs: number[] = [];
let reports = 0;
let isMeasuring = false;

const watched: Transport = {
  send(request) {
    const [, name] = /deployments\/(\S+)-deployment\/scale/.exec(request.path) ?? [];
    const from = name === undefined ? undefined : steppedAt.get(name);
    if (isMeasuring && name !== undefined && from !== undefined && from > 0) {
      decidedMs.push(Date.now() - from);
      steppedAt.set(name, 0);
    }
    return api.send(request);
  },
};

const codec = await loadCodec('load');
const autoscaler = composeAutoscaler({
  client: new KubernetesClient({ transport: watched, fieldManager: 'bench' }),
  configService: `127.0.0.1:${port}`,
  async openLoad(address) {
    const transport = await openGrpcTransport({ address, codec });
    return {
      close: () => transport.close(),
      openLoad() {
        const stream = transport.openLoad();
        return {
          ...stream,
          send: (message) => stream.send(message),
          end: (status) => stream.end(status),
          listen(handler) {
            stream.listen({
              ...handler,
              onEnd: (status) => handler.onEnd(status),
              onMessage(message) {
                const now = Date.now();
                reports += message.loads.length;
                for (const load of message.loads) {
                  if (load.requestsInProgress > 50 && !steppedAt.has(load.revision)) steppedAt.set(load.revision, load.receivedAt);
                }
                const [first] = message.loads;
                if (isMeasuring && first) heardMs.push(now - first.receivedAt);
                handler.onMessage(message);
              },
            });
          },
        };
      },
    };
  },
  systemNamespace: 'sluice-system',
  identity: 'autoscaler-0',
  clock: systemClock,
  timers: systemTimers,
  random: createSeededRandom(1),
  logger: silentLogger,
  meter: createMeter(),
});
await autoscaler.start();
process.send?.('started');

const loopDelay = monitorEventLoopDelay({ resolution: 5 });
let cpuBefore = process.cpuUsage();
let beganAt = 0;

answer({
  begin() {
    isMeasuring = true;
    reports = 0;
    heardMs.length = 0;
    decidedMs.length = 0;
    loopDelay.enable();
    cpuBefore = process.cpuUsage();
    beganAt = performance.now();
  },
  end(): AutoscalerFigures {
    const seconds = (performance.now() - beganAt) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      reportsPerSecond: reports / seconds,
      cpuShare: (user + system) / 1e6 / seconds,
      memoryMiB: process.memoryUsage.rss() / 2 ** 20,
      heardMs: spreadOf(heardMs),
      decidedMs: spreadOf(decidedMs),
      decisions: decidedMs.length,
      loopDelayMs: loopDelay.percentile(99) / 1e6,
    };
  },
});

/** A revision that is up, with all its pods ready and a path straight to them. */
function objectsOf(name: string): KubernetesObject[] {
  const metadata = (objectName: string, labels: Record<string, string> = {}) => ({ namespace: 'default', name: objectName, labels });
  const true_ = (type: string) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' });
  const objects = [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(`${name}-deployment`, { 'serving.knative.dev/revision': name }),
      spec: { replicas: pods, selector: {}, template: { spec: { containers: [] } } },
      status: { replicas: pods, readyReplicas: pods },
    },
    {
      apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
      kind: 'PodAutoscaler',
      metadata: { ...metadata(name), annotations: { 'autoscaling.knative.dev/target-burst-capacity': '0' } },
      spec: { containerConcurrency: 10, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-deployment` }, protocolType: 'http1', reachability: 'Reachable' },
      status: { desiredScale: pods, actualScale: pods, serviceName: name, conditions: ['Active', 'ScaleTargetInitialized', 'SKSReady', 'Ready'].map(true_) },
    },
    {
      apiVersion: 'networking.internal.knative.dev/v1alpha1',
      kind: 'ServerlessService',
      metadata: metadata(name),
      spec: { mode: 'Serve', numActivators: 2, objectRef: { kind: 'Deployment', name: `${name}-deployment` }, protocolType: 'http1' },
      status: { serviceName: name, privateServiceName: `${name}-private`, conditions: [true_('Ready')] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: metadata(`${name}-private-abc`, { 'kubernetes.io/service-name': `${name}-private` }),
      addressType: 'IPv4',
      endpoints: Array.from({ length: pods }, (_, pod) => ({ addresses: [`10.${Math.floor(pod / 250)}.0.${pod}`], conditions: { ready: true }, targetRef: { kind: 'Pod', name: `${name}-deployment-7d9c-${pod}` } })),
    },
  ];
  return objects as KubernetesObject[];
}
