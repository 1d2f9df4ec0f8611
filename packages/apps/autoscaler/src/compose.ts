/** The autoscaler: load in, scales out. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import {
  configMaps,
  Controller,
  deployments,
  endpointSlices,
  Informer,
  objectKey,
  type Deployment,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { StatsCollector } from '@sluice/scaling';
import { podAutoscalerKind, serverlessServiceKind, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { LiveConfig } from './live-config.ts';
import { statOf } from './load-feed.ts';
import { LoadReplicas, replicasOf, serviceOf, type ReplicaTransport } from './load-replicas.ts';
import { MultiScaler } from './multi-scaler.ts';
import { PodAutoscalerReconciler } from './pod-autoscaler-reconciler.ts';
import { countReadyPods, serviceKeysOf, sliceIndex } from './ready-pods.ts';

export interface AutoscalerOptions {
  readonly client: KubernetesClient;
  /** `host:port` of the config service. Where it is a Service of the cluster, load is heard from all of its replicas. */
  readonly configService: string;
  /** A way to the config service, or to one of its replicas, by `host:port`. */
  readonly openLoad: (address: string) => Promise<ReplicaTransport>;
  /** Where the control plane and its ConfigMaps live. */
  readonly systemNamespace: string;
  /** Who this is, for the config service: the pod's name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface Autoscaler {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether its caches are filled: from then on it works. Load may come later, and until it comes nothing is decided. */
  readonly hasSynced: boolean;
}

/** Name of the index that finds ServerlessServices by `namespace/private service`. */
const privateServiceIndex = 'privateService';
const revisionLabel = 'serving.knative.dev/revision';

export function composeAutoscaler(options: AutoscalerOptions): Autoscaler {
  const { client, clock, timers, random, logger, meter } = options;
  const base = { client, clock, timers, random, logger };
  const follow = <T extends KubernetesObject>(kind: ResourceKind<T>) => new Informer({ ...base, kind });

  const podAutoscalers = follow<PodAutoscaler>(podAutoscalerKind);
  const deploymentInformer = follow(deployments);
  const serverlessServices = new Informer<ServerlessService>({
    ...base,
    kind: serverlessServiceKind,
    indexes: { [privateServiceIndex]: privateServiceKeysOf },
  });
  const slices = new Informer({ ...base, kind: endpointSlices, indexes: { [sliceIndex]: serviceKeysOf } });
  const configMapInformer = new Informer({ ...base, kind: configMaps, namespace: options.systemNamespace });
  const informers = [podAutoscalers, deploymentInformer, serverlessServices, slices, configMapInformer];

  function readyPodsOf(key: string): number {
    const sks = serverlessServices.store.get(key);
    const [serviceKey] = sks ? privateServiceKeysOf(sks) : [];
    return serviceKey === undefined ? 0 : countReadyPods(slices.store, serviceKey);
  }

  const multiScaler = new MultiScaler({
    clock,
    timers,
    collector: new StatsCollector(),
    // Before the caches are filled "no pods" means "not seen yet".
    countReadyPods: (key) => (slices.hasSynced && serverlessServices.hasSynced ? readyPodsOf(key) : undefined),
    onDecision: (key) => controller.enqueue(key),
  });
  const config = new LiveConfig(logger, () => {
    for (const pa of podAutoscalers.store.list()) controller.enqueue(objectKey(pa));
  });
  const reconciler = new PodAutoscalerReconciler({
    client,
    podAutoscalers: podAutoscalers.store,
    serverlessServices: serverlessServices.store,
    deployments: deploymentInformer.store,
    multiScaler,
    countReadyPods: readyPodsOf,
    config: () => config.current,
    clock,
    logger,
    meter,
  });
  const controller: Controller = new Controller({
    name: 'podautoscaler',
    reconcile: (key) => reconciler.reconcile(key),
    informers,
    clock,
    timers,
    logger,
    meter,
  });
  const load = new LoadReplicas({
    serviceAddress: options.configService,
    subscriber: options.identity,
    open: options.openLoad,
    timers,
    random,
    logger,
    onLoad: (report) => {
      const { key, stat } = statOf(report);
      multiScaler.record(key, stat);
    },
    onReporting: (isReporting) => multiScaler.setReporting(isReporting),
  });
  const service = serviceOf(options.configService, options.systemNamespace);

  /** Nobody is subscribed to before the slices are there, since a first guess would have to be taken back. */
  function followReplicas(): void {
    if (slices.hasSynced) load.setReplicas(service === undefined ? [] : replicasOf(slices.store.byIndex(sliceIndex, service)));
  }

  slices.subscribe(({ object }) => {
    if (service !== undefined && serviceKeysOf(object).includes(service)) followReplicas();
  });
  controller.follow(podAutoscalers);
  controller.follow(serverlessServices);
  controller.follow(deploymentInformer, revisionKeysOf);
  controller.follow(slices, (slice) =>
    serviceKeysOf(slice).flatMap((key) => serverlessServices.store.byIndex(privateServiceIndex, key).map(objectKey)),
  );
  configMapInformer.subscribe((change) => config.onConfigMap(change));

  return {
    async start() {
      for (const informer of informers) informer.start();
      slices.whenSynced().then(followReplicas, () => {});
      multiScaler.start();
      await controller.start();
      logger.info('autoscaler started', { revisions: podAutoscalers.store.size });
    },
    async stop() {
      multiScaler.stop();
      load.stop();
      await controller.stop();
      await Promise.all(informers.map((informer) => informer.stop()));
    },
    get hasSynced() {
      return informers.every((informer) => informer.hasSynced);
    },
  };
}

function privateServiceKeysOf({ metadata, status }: ServerlessService): readonly string[] {
  return status?.privateServiceName === undefined ? [] : [`${metadata.namespace ?? ''}/${status.privateServiceName}`];
}

function revisionKeysOf({ metadata }: Deployment): readonly string[] {
  const revision = metadata.labels?.[revisionLabel];
  return revision === undefined ? [] : [`${metadata.namespace ?? ''}/${revision}`];
}
