/** The controllers against an API server in memory on a clock that is moved by hand. */
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import {
  configMaps,
  deployments,
  endpointSlices,
  events,
  KubernetesClient,
  leases,
  namespaces,
  objectKey,
  pods,
  secrets,
  services as coreServices,
  type Condition,
  type Deployment,
  type KubernetesObject,
  type Pod,
  type PodStatus,
  type ResourceKind,
} from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import {
  build,
  certificateKind,
  clusterDomainClaimKind,
  configurationKind,
  defaultServingConfig,
  domainMappingKind,
  formatVerdict,
  gatewayVerdictAnnotation,
  ingressKind,
  labels,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
  updateServingConfig,
  type PodAutoscaler,
} from '@sluice/serving';
import { composeServingController, type ServingController, type ServingControllerOptions } from '../compose.ts';

export class ControllerWorld {
  readonly time = new SimulatedTime(Date.UTC(2026, 0, 1));
  readonly logger = new RecordingLogger();
  readonly server: FakeApiServer;
  readonly controller: ServingController;

  /** @param options that most tests do without */
  constructor(options: Pick<ServingControllerOptions, 'registryFetch' | 'identity' | 'podsSeeSecrets'> = {}) {
    this.server = new FakeApiServer({
      clock: this.time,
      kinds: [
        serviceKind,
        configurationKind,
        revisionKind,
        routeKind,
        domainMappingKind,
        clusterDomainClaimKind,
        ingressKind,
        certificateKind,
        podAutoscalerKind,
        serverlessServiceKind,
        deployments,
        coreServices,
        endpointSlices,
        pods,
        configMaps,
        namespaces,
        leases,
        secrets,
        { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
        events,
        { group: 'eventing.knative.dev', version: 'v1', kind: 'Broker', plural: 'brokers', namespaced: true },
      ],
    });
    this.server.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-domain', namespace: 'sluice-system' },
      data: { 'example.com': '' },
    });
    this.controller = composeServingController({
      client: new KubernetesClient({ transport: this.server, fieldManager: 'sluice-controller' }),
      configService: '127.0.0.1:18000',
      authoritySecret: 'sluice-certificate-authority',
      registryFetch: options.registryFetch,
      podsSeeSecrets: options.podsSeeSecrets,
      identity: options.identity,
      systemNamespace: 'sluice-system',
      clock: this.time,
      timers: this.time,
      random: createSeededRandom(1),
      logger: this.logger,
      meter: createMeter(),
    });
  }

  /** Starts the controllers on the objects given, and lets them come to rest. */
  async start<T extends KubernetesObject>(...objects: readonly T[]): Promise<void> {
    this.server.put(...objects);
    const started = this.controller.start();
    await this.rest();
    await started;
  }

  /** Puts objects in as a user or another controller would, and lets the controllers come to rest. */
  async put<T extends KubernetesObject>(...objects: readonly T[]): Promise<void> {
    this.server.put(...objects);
    await this.rest();
  }

  /** Long enough for all retries of conflicts. Gateways take what Routes say meanwhile. */
  async rest(): Promise<void> {
    await this.time.advanceAsync(200);
    while (this.#gatewaysFollow()) await this.time.advanceAsync(200);
  }

  /** What the config service says once all gateways have the routes. True when it had something new to say. */
  #gatewaysFollow(): boolean {
    let config = defaultServingConfig;
    for (const { metadata, data } of this.server.list(configMaps)) config = updateServingConfig(config, metadata.name, data ?? {}).config;
    const objects = { routes: this.server.list(routeKind), revisions: this.server.list(revisionKind), podAutoscalers: [], serverlessServices: [], endpointSlices: [] };
    let hasNews = false;
    for (const { namespace, owner, hash } of build(objects, { config }).routes) {
      const route = this.server.find(routeKind, `${namespace}/${owner.name}`);
      const verdict = formatVerdict({ hash, ready: true, message: '' });
      if (!route || route.status?.annotations?.[gatewayVerdictAnnotation] === verdict) continue;
      this.server.put({ ...route, status: { ...route.status, annotations: { ...route.status?.annotations, [gatewayVerdictAnnotation]: verdict } } });
      hasNews = true;
    }
    return hasNews;
  }

  find<T extends KubernetesObject>(kind: ResourceKind<T>, name: string): T {
    const found = this.server.find(kind, `default/${name}`);
    if (!found) throw new Error(`there is no ${kind.kind} ${name}`);
    return found;
  }

  has(kind: ResourceKind, name: string): boolean {
    return this.server.find(kind, `default/${name}`) !== undefined;
  }

  names(kind: ResourceKind): string[] {
    return this.server.list(kind).map(objectKey);
  }

  condition(kind: ResourceKind, name: string, type: string): Condition | undefined {
    const { status } = this.find(kind, name) as KubernetesObject & { status?: { conditions?: readonly Condition[] } };
    return status?.conditions?.find((condition) => condition.type === type);
  }

  /** What the deployment controller and the autoscaler say once a revision's first pods are up. */
  async bringUp(revision: string): Promise<void> {
    const deployment = this.find<Deployment>(deployments, `${revision}-deployment`);
    await this.put<KubernetesObject>(
      {
        ...deployment,
        status: {
          replicas: 1,
          readyReplicas: 1,
          availableReplicas: 1,
          conditions: [{ type: 'Progressing', status: 'True' }],
        },
      } as Deployment,
      this.#autoscalerSays(revision, [
        { type: 'Active', status: 'True' },
        { type: 'ScaleTargetInitialized', status: 'True' },
        { type: 'Ready', status: 'True' },
      ]),
    );
  }

  /** What the autoscaler says when it has taken the last pod away. */
  async putToSleep(revision: string): Promise<void> {
    const inactive = { status: 'False', reason: 'NoTraffic', message: 'The target is not receiving traffic.' } as const;
    await this.put(
      this.#autoscalerSays(revision, [
        { type: 'Active', ...inactive },
        { type: 'ScaleTargetInitialized', status: 'True' },
        { type: 'Ready', ...inactive },
      ]),
    );
  }

  /** A pod of a revision with the status that a kubelet gave it. */
  pod(revision: string, status: PodStatus, name = `${revision}-pod`): Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { [labels.revision]: revision } },
      spec: { containers: [] },
      status,
    };
  }

  #autoscalerSays(revision: string, conditions: readonly Condition[]): PodAutoscaler {
    const pa = this.find<PodAutoscaler>(podAutoscalerKind, revision);
    return {
      ...pa,
      status: {
        conditions,
        serviceName: revision,
        metricsServiceName: `${revision}-private`,
        actualScale: 1,
        desiredScale: 1,
      },
    };
  }
}
