/**
 * The components that use the API, composed as their `main.ts` composes them, on the embedded API server, each
 * behind the rights that the chart gives it. Beneath them Kubernetes' own controllers, a kubelet that says of every
 * pod that it runs, and a sidecar that says that nobody calls.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeAutoscaler } from '@sluice/autoscaler';
import { composeConfigServer } from '@sluice/config-server';
import { composeServingController } from '@sluice/controller';
import { composeInjector, type Injector, mutatingWebhookConfigurations, validatingWebhookConfigurations, type WebhookConfiguration } from '@sluice/injector';
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import {
  configMaps,
  customResourceDefinitions,
  formatTime,
  horizontalPodAutoscalers,
  KubernetesClient,
  namespaces,
  pods,
  secrets,
  type ConfigMap,
  type CustomResourceDefinition,
  type Pod,
  type Secret,
  type Transport,
} from '@sluice/kubernetes';
import { createApiServer, createBuiltInControllers, createInProcessTransport, createMemoryStorage } from '@sluice/local';
import { createAdsClient, createLoadReporter, loadCodec, type ClusterLoad, type Codec, type ConfigServiceHandlers } from '@sluice/xds';
import { createInMemoryTransport, RecordingConsumer, type InMemoryTransport } from '@sluice/xds/testing';
import { ingressKind, type Ingress } from '@sluice/serving';
import { parse } from 'yaml';
import { chartFolder } from '../helm.ts';
import type { RenderedChart } from '../rendered-chart.ts';
import { settingsOf } from '../settings.ts';
import { GrantedAccess } from './granted-access.ts';
import { GuardedTransport, LateWatches } from './guarded-transport.ts';

export const guardedComponents = ['config-server', 'controller', 'autoscaler', 'injector'] as const;
type GuardedComponent = (typeof guardedComponents)[number];

/** What the controller makes: a name that is taken already is found out only where its cache is behind. */
export const madeByController = [
  'serving.knative.dev/configurations',
  'serving.knative.dev/routes',
  'serving.knative.dev/revisions',
  'autoscaling.internal.knative.dev/podautoscalers',
  'apps/deployments',
  '/services',
  'networking.internal.knative.dev/clusterdomainclaims',
  'networking.internal.knative.dev/ingresses',
  'networking.internal.knative.dev/certificates',
];

export class GuardedCluster {
  readonly time = new SimulatedTime();
  readonly logger = new RecordingLogger();
  readonly access: Readonly<Record<GuardedComponent, GrantedAccess>>;
  readonly guards: Readonly<Record<GuardedComponent, GuardedTransport>>;
  readonly lateWatches: LateWatches;
  /** For whoever may do everything: people, the kubelet, Kubernetes' own controllers. */
  readonly admin: KubernetesClient;
  /** Where autoscalers listen for statistics, and ask pods. */
  readonly network = new SimulatedNetwork({ links: new SimulatedLinks({ time: this.time }) });
  /** To the config service, as proxies and the autoscaler have it. */
  readonly configService: InMemoryTransport;
  /** What the injector says to whoever asks. */
  reviewers: Injector['reviewers'] = {};
  readonly #chart: RenderedChart;
  readonly #shared;
  #handlers: ConfigServiceHandlers | undefined;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(chart: RenderedChart) {
    const { time } = this;
    this.#chart = chart;
    this.#shared = { clock: time, timers: time, random: createSeededRandom(1), logger: this.logger, meter: createMeter() };
    const server = createInProcessTransport(createApiServer({ ...this.#shared, storage: createMemoryStorage() }));
    this.lateWatches = new LateWatches(server, madeByController);
    this.admin = new KubernetesClient({ transport: server, fieldManager: 'admin' });
    this.access = each((name) => new GrantedAccess(chart, `sluice-${name}`));
    this.guards = each((name) => new GuardedTransport(name === 'controller' ? this.lateWatches : server, this.access[name]));
    this.configService = createInMemoryTransport({
      timers: time,
      handlers: {
        onAds: (stream) => this.#handlers?.onAds(stream),
        onLoadStats: (stream) => this.#handlers?.onLoadStats(stream),
        onLoad: (stream) => this.#handlers?.onLoad(stream),
      },
    });
    // Until it listens.
    this.configService.reachable = false;
  }

  /** Installs the chart's objects and starts everything. */
  async start(): Promise<void> {
    for (const file of readdirSync(join(chartFolder('sluice-crds'), 'templates'))) {
      const text = readFileSync(join(chartFolder('sluice-crds'), 'templates', file), 'utf8');
      await this.admin.resource(customResourceDefinitions).create(parse(text) as CustomResourceDefinition);
    }
    for (const file of readdirSync(join(chartFolder('sluice-crds'), 'gateway-api'))) {
      await this.admin.resource(customResourceDefinitions).create(parse(readFileSync(join(chartFolder('sluice-crds'), 'gateway-api', file), 'utf8')) as CustomResourceDefinition);
    }
    await this.admin.resource(customResourceDefinitions).create(horizontalDefinition);
    await this.admin.resource(namespaces).create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mesh' } });
    for (const configMap of this.#chart.ofKind<ConfigMap>('ConfigMap')) await this.admin.resource(configMaps).create(configMap);
    await this.#installWebhooks();
    const codec = await loadCodec('core');
    const builtIn = createBuiltInControllers({ ...this.#shared, client: this.admin });
    this.#stops.push(() => builtIn.stop());
    const started = [builtIn.start(), this.#startConfigServer(codec), this.#startController(), this.#startAutoscaler()];
    this.#startInjector();
    this.#startSidecar();
    this.#startGateway(codec);
    await this.rest(1000);
    await Promise.all(started);
    await this.admin.resource(ingressKind).create(ingressToNowhere);
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.#stops.map((stop) => stop()));
    await this.rest(2000);
    await stopped;
  }

  /** Lets time pass, while pods come up. */
  async rest(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.time.advanceAsync(500);
      // Keys are made beside the simulated time.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#bringPodsUp();
    }
  }

  /** It takes whatever it is told. */
  #startGateway(codec: Codec): void {
    const node = { id: 'sluice-gateway~1', cluster: 'sluice-gateway' };
    const client = createAdsClient({ ...this.#shared, node, codec, transport: this.configService, consumer: new RecordingConsumer() });
    client.start();
    this.#stops.push(async () => client.stop());
  }

  /** With nothing to be asked about: what is asked is not what this is about, and there are no sockets. */
  async #installWebhooks(): Promise<void> {
    for (const secret of this.#chart.ofKind<Secret>('Secret')) await this.admin.resource(secrets).create(secret);
    for (const kind of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
      for (const configuration of this.#chart.ofKind<WebhookConfiguration>(kind.kind)) {
        const webhooks = (configuration.webhooks ?? []).map((webhook) => ({ ...webhook, rules: [] }));
        await this.admin.resource(kind).create({ ...configuration, webhooks });
      }
    }
  }

  #startInjector(): void {
    const settings = settingsOf(this.#chart, 'injector');
    const injector = composeInjector({ ...this.#shared, client: this.#clientFor('injector'), settings, onPair: () => {} });
    this.reviewers = injector.reviewers;
    this.#stops.push(() => injector.stop());
    injector.start();
  }

  #startConfigServer(codec: Codec): Promise<void> {
    const settings = settingsOf(this.#chart, 'config-server');
    const service = composeConfigServer({
      ...settings,
      ...this.#shared,
      client: this.#clientFor('config-server'),
      codec,
      listen: async (handlers) => {
        this.#handlers = handlers;
        this.configService.reachable = true;
        return { port: 18_000, setServing() {}, stop: async () => {} };
      },
    });
    this.#stops.push(() => service.stop());
    return service.start();
  }

  #startController(): Promise<void> {
    const { authoritySecret, identity, configService, systemNamespace, gatewayService } = settingsOf(this.#chart, 'controller');
    const controller = composeServingController({ ...this.#shared, client: this.#clientFor('controller'), authoritySecret, identity, configService, systemNamespace, gatewayService });
    this.#stops.push(() => controller.stop());
    return controller.start();
  }

  #startAutoscaler(): Promise<void> {
    const { systemNamespace, podName, podIp, leaderElection, metricsHost, statsPort, scrape } = settingsOf(this.#chart, 'autoscaler');
    const autoscaler = composeAutoscaler({
      ...this.#shared,
      client: this.#clientFor('autoscaler'),
      configService: '127.0.0.1:18000',
      openLoad: async () => ({ openLoad: () => this.configService.openLoad(), close() {} }),
      network: this.network.view('autoscaler', metricsHost),
      ...(statsPort === 0 ? {} : { statsAddress: { host: metricsHost, port: statsPort } }),
      scrape,
      podIp: leaderElection ? podIp : undefined,
      systemNamespace,
      identity: podName,
    });
    this.#stops.push(() => autoscaler.stop());
    return autoscaler.start();
  }

  /** One for all pods of the first revision. Without reports the autoscaler knows nothing, and does nothing. */
  #startSidecar(): void {
    const reporter = createLoadReporter({
      ...this.#shared,
      transport: this.configService,
      node: { id: 'queue-proxy~10.0.0.9~hello.default', cluster: 'sluice-queue-proxy', metadata: { POD_NAME: 'hello' } },
      source: () => [idle],
    });
    this.#stops.push(async () => reporter.stop());
    reporter.start();
  }

  #clientFor(name: GuardedComponent): KubernetesClient {
    const transport: Transport = this.guards[name];
    return new KubernetesClient({ transport, fieldManager: `sluice-${name}` });
  }

  async #bringPodsUp(): Promise<void> {
    const { items } = await this.admin.resource(pods).list();
    for (const pod of items) {
      const { name, namespace = '', deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined) await this.admin.resource(pods).delete({ name, namespace }, { gracePeriodSeconds: 0 });
      else if (pod.status?.podIP === undefined) await this.admin.resource(pods).updateStatus(running(pod, formatTime(this.time.wallTime())));
    }
  }
}

const idle: ClusterLoad = {
  cluster: 'default/hello-00001',
  address: { host: '10.0.0.9', port: 8012 },
  requestsInProgress: 0,
  averageConcurrentRequests: 0,
  averageProxiedConcurrentRequests: 0,
  requestCount: 0,
  proxiedRequestCount: 0,
};

function running(pod: Pod, now: string): Pod {
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now }) as const;
  return { ...pod, status: { ...pod.status, phase: 'Running', podIP: '10.0.0.9', conditions: [condition('Ready'), condition('ContainersReady')] } };
}

function each<T>(make: (name: GuardedComponent) => T): Record<GuardedComponent, T> {
  return { 'config-server': make('config-server'), controller: make('controller'), autoscaler: make('autoscaler'), injector: make('injector') };
}

const anything = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const horizontalVersion = { name: horizontalPodAutoscalers.version, served: true, storage: true, schema: anything };

/** Built into every cluster but the embedded one, where it is good enough that they can be kept: nothing scales by them. */
const horizontalDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${horizontalPodAutoscalers.plural}.${horizontalPodAutoscalers.group}` },
  spec: {
    group: horizontalPodAutoscalers.group,
    names: { kind: horizontalPodAutoscalers.kind, plural: horizontalPodAutoscalers.plural },
    scope: 'Namespaced',
    versions: [horizontalVersion],
  },
};

/** It is told so on its status. */
const ingressToNowhere: Ingress = {
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'Ingress',
  metadata: { name: 'nowhere', namespace: 'mesh', annotations: { 'networking.knative.dev/ingress-class': 'sluice.ingress.networking.knative.dev' } },
  spec: { rules: [{ hosts: ['nowhere.example.com'], http: { paths: [{ splits: [{ serviceNamespace: 'mesh', serviceName: 'nobody', servicePort: 80 }] }] } }] },
};
