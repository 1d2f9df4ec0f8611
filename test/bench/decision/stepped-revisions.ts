/**
 * Revisions of one pod each under a real autoscaler: pods tell of their load over gRPC to a load server, or are asked for it
 * over HTTP; the API server is in memory. Load is requests that arrive and stay; what is timed is the way of the news.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeAutoscaler } from '@sluice/autoscaler';
import { createMeter, createSeededRandom, silentLogger, systemClock, systemRandom, systemTimers, type Logger } from '@sluice/kernel';
import { configMaps, deployments, endpointSlices, horizontalPodAutoscalers, KubernetesClient, leases, type ApiRequest, type ApiResponse, type KubernetesObject, type Transport } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { createSystemNetwork } from '@sluice/proxy';
import { createLoadReports, createStatPage, LoadMeter, readSettings, riseMinOf, type QueueProxySettings } from '@sluice/queue-proxy';
import { podAutoscalerKind, serverlessServiceKind, type ServerlessService } from '@sluice/serving';
import { loadCodec, LoadServer, openGrpcServer, openGrpcTransport, type Codec } from '@sluice/xds';

/** Requests in flight that a pod should have. */
export const target = 10;

export type LoadPath = 'push' | 'scrape';

export interface SteppedRevision {
  /** Adds so many requests over `rampMs`; gives when the first was there that was over the target. */
  step(requests: number, rampMs: number): Promise<number>;
  /** When the first write asked for more than one replica; undefined until then. */
  readonly scaledAt: number | undefined;
}

export interface SteppedRevisions {
  readonly revisions: readonly SteppedRevision[];
  stop(): Promise<void>;
}

const annotations = {
  'autoscaling.knative.dev/target': String(target),
  'autoscaling.knative.dev/target-utilization-percentage': '100',
  'autoscaling.knative.dev/target-burst-capacity': '0',
  // They are quiet at first, and stay.
  'autoscaling.knative.dev/min-scale': '1',
};

/** Fulfils when all pods are ready and the autoscaler has decided to leave it at that. */
export async function startSteppedRevisions(count: number, path: LoadPath): Promise<SteppedRevisions> {
  const shared = { clock: systemClock, timers: systemTimers, random: systemRandom, meter: createMeter(), logger: silentLogger };
  const stops: (() => unknown)[] = [];
  const kinds = [deployments, endpointSlices, configMaps, leases, horizontalPodAutoscalers, podAutoscalerKind, serverlessServiceKind];
  const api = new FakeApiServer({ kinds, clock: systemClock });
  const codec = await loadCodec('load');
  const server = new LoadServer(shared);
  const grpc = await openGrpcServer({ address: '127.0.0.1:0', codec, timers: systemTimers, handlers: { onAds() {}, onLoadStats: (stream) => server.acceptReports(stream), onLoad: (stream) => server.acceptSubscriber(stream) } });
  stops.push(() => grpc.stop());
  const configService = `127.0.0.1:${grpc.port}`;
  const scaled = new Map<string, number>();
  const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, platform: process.platform });
  const autoscaler = composeAutoscaler({
    ...shared,
    client: new KubernetesClient({ transport: new ScaleWatch(api, scaled), fieldManager: 'bench' }),
    ...(path === 'push' ? { configService } : { network, scrape: 'all' as const }),
    openLoad: (address) => openGrpcTransport({ address, codec }),
    systemNamespace: 'sluice-system',
    identity: 'autoscaler',
  });
  stops.push(() => autoscaler.stop());
  const names = Array.from({ length: count }, (_, index) => `r${index}`);
  for (const name of names) api.put<KubernetesObject>(...objectsOf(name));
  await autoscaler.start();
  const revisions = await Promise.all(
    names.map(async (name) => {
      const load = new LoadMeter(systemClock.now(), riseMinOf(settingsOf(name)));
      const server = await startStatPage(load, name);
      stops.push(() => server.close());
      if (path === 'push') stops.push(await startReports(name, load, configService, codec));
      setReady(api, name, (server.address() as AddressInfo).port);
      return revisionOf(name, load, scaled);
    }),
  );
  return {
    revisions,
    async stop() {
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

function revisionOf(name: string, load: LoadMeter, scaled: ReadonlyMap<string, number>): SteppedRevision {
  return {
    async step(requests, rampMs) {
      const random = createSeededRandom(requests);
      const due = Array.from({ length: requests }, () => random.next() * rampMs).sort((a, b) => a - b);
      const begin = systemClock.now();
      const { promise, resolve } = Promise.withResolvers<number>();
      let arrived = 0;
      const arrive = (): void => {
        const now = systemClock.now();
        for (; arrived < requests && (due[arrived] as number) <= now - begin; arrived += 1) {
          if (load.stats.requestIn(now, false)) load.onRise();
          if (arrived === target) resolve(now);
        }
        if (arrived < requests) setImmediate(arrive);
      };
      arrive();
      return promise;
    },
    get scaledAt() {
      return scaled.get(name);
    },
  };
}

/** Notes when a Deployment is first asked to have more than one replica. */
class ScaleWatch implements Transport {
  readonly #api: FakeApiServer;
  readonly #scaled: Map<string, number>;

  constructor(api: FakeApiServer, scaled: Map<string, number>) {
    this.#api = api;
    this.#scaled = scaled;
  }

  send(request: ApiRequest): Promise<ApiResponse> {
    const name = /\/deployments\/(\w+)-deployment/.exec(request.path)?.[1];
    const replicas = Number(/"replicas":\s*(\d+)/.exec(String(request.body ?? ''))?.[1] ?? 0);
    if (name !== undefined && replicas > 1 && !this.#scaled.has(name)) this.#scaled.set(name, systemClock.now());
    return this.#api.send(request);
  }
}

function objectsOf(name: string): readonly [KubernetesObject, KubernetesObject] {
  const labels = { 'serving.knative.dev/revision': name };
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'default', name: `${name}-deployment`, labels }, spec: { replicas: 1, selector: {}, template: { spec: { containers: [] } } } };
  const pa = {
    apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
    kind: 'PodAutoscaler',
    metadata: { namespace: 'default', name, creationTimestamp: '2026-01-01T00:00:00Z', annotations },
    spec: { containerConcurrency: 0, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-deployment` }, protocolType: 'http1', reachability: 'Reachable' },
  };
  return [deployment, pa];
}

/** What the controllers beneath would do, once the autoscaler has made what they go by. */
function setReady(api: FakeApiServer, name: string, port: number): void {
  const sks = api.find(serverlessServiceKind, `default/${name}`) as ServerlessService | undefined;
  if (!sks) {
    setTimeout(() => setReady(api, name, port), 20);
    return;
  }
  api.put({ ...sks, status: { serviceName: name, privateServiceName: `${name}-private`, conditions: [{ type: 'Ready', status: 'True' }] } } as ServerlessService);
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: `${name}-private-abc`, labels: { 'kubernetes.io/service-name': `${name}-private` } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: `${name}-pod` } }],
    ports: [{ name: 'http-autometric', port, protocol: 'TCP' }],
  } as KubernetesObject);
}

async function startStatPage(load: LoadMeter, name: string): Promise<Server> {
  const server = createServer(createStatPage({ load, podName: `${name}-pod`, startedAt: systemClock.now(), clock: systemClock }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function startReports(name: string, load: LoadMeter, configService: string, codec: Codec): Promise<() => void> {
  // Pods are not started in step, and neither are their clocks.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_000));
  const transport = await openGrpcTransport({ address: configService, codec });
  const logger: Logger = silentLogger;
  const reports = createLoadReports({ settings: settingsOf(name), load, transport, clock: systemClock, timers: systemTimers, random: systemRandom, logger });
  reports.start();
  return () => {
    reports.stop();
    transport.close();
  };
}

function settingsOf(name: string): QueueProxySettings {
  const checked = readSettings([], {
    CONTAINER_CONCURRENCY: '0',
    SLUICE_SCALING_TARGET: String(target),
    QUEUE_SERVING_PORT: '8012',
    QUEUE_SERVING_TLS_PORT: '8112',
    USER_PORT: '8080',
    REVISION_TIMEOUT_SECONDS: '300',
    SERVING_LOGGING_CONFIG: '',
    SERVING_LOGGING_LEVEL: '',
    SERVING_NAMESPACE: 'default',
    SERVING_CONFIGURATION: name,
    SERVING_REVISION: name,
    SERVING_POD: `${name}-pod`,
    SERVING_POD_IP: '127.0.0.1',
  });
  if (!checked.ok) throw new Error(`settings: ${checked.problems.map(({ message }) => message).join('; ')}`);
  return checked.value;
}
