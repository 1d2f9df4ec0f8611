/** The autoscaler: load in, scales out. */
import type { Address, Clock, Logger, Meter, Network, Random, Timers } from '@sluice/kernel';
import {
  configMaps,
  Controller,
  deployments,
  endpointSlices,
  horizontalPodAutoscalers,
  Informer,
  objectKey,
  type Deployment,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { StatsCollector, type ExplainedDecision, type Stat } from '@sluice/scaling';
import { podAutoscalerKind, serverlessServiceKind, type ComponentTelemetry, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { HorizontalReconciler } from './horizontal/horizontal-reconciler.ts';
import { LiveConfig } from './live-config.ts';
import { statOf } from './load-feed.ts';
import { LoadReplicas, replicasOf, serviceOf, type ReplicaTransport } from './load-replicas.ts';
import { MultiScaler } from './multi-scaler.ts';
import { PodAutoscalerReconciler } from './pod-autoscaler-reconciler.ts';
import { countPods, listReadyPods, serviceKeysOf, sliceIndex, type PodCounts, type ReadyPod } from './ready-pods.ts';
import { LoadRecorder } from './replay/load-recorder.ts';
import { Scraping, type ScrapeMode } from './scraping/scraping.ts';
import { createSharding, type Sharding } from './sharding/create-sharding.ts';
import { WarmKeeping } from './warm-keeping.ts';

export interface AutoscalerOptions {
  readonly client: KubernetesClient;
  /** `host:port` of the config service, whose proxies push load. Where it is a Service of the cluster, load is heard from all of its replicas. Absent: nobody pushes. */
  readonly configService?: string | undefined;
  /** A way to the config service, or to one of its replicas, by `host:port`. */
  readonly openLoad: (address: string) => Promise<ReplicaTransport>;
  /** For statistics by websocket and by scrape. Absent: neither. */
  readonly network?: Network;
  /** Where activators send statistics by websocket. Absent: nowhere. */
  readonly statsAddress?: Address | undefined;
  /** Which pods are asked for their load. Default `auto` with a config service, `all` without. */
  readonly scrape?: ScrapeMode;
  /** Address of this pod, for other replicas. With it the work is shared out by Leases; absent: there are no other replicas. */
  readonly podIp?: string | undefined;
  /** Takes the load as it comes, a line each, for being simulated later. */
  readonly recordLoad?: ((line: string) => void) | undefined;
  /** Where the control plane and its ConfigMaps live. */
  readonly systemNamespace: string;
  /** Who this is, for the config service and other replicas: the pod's name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** ConfigMaps say something else of its own logs and metrics. Default: nobody listens. */
  readonly onTelemetry?: (telemetry: ComponentTelemetry) => void;
}

export interface Autoscaler {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether its caches are filled: from then on it works. Load may come later, and until it comes nothing is decided. */
  readonly hasSynced: boolean;
  /** What has been decided last, of one revision or of all that are this replica's. */
  decisions(revision?: string): readonly RevisionDecision[];
}

/** What `sluice autoscaler explain` explains. */
export interface RevisionDecision extends ExplainedDecision {
  /** `namespace/name`. */
  readonly revision: string;
}

/** Name of the index that finds ServerlessServices by `namespace/private service`. */
const privateServiceIndex = 'privateService';
const revisionLabel = 'serving.knative.dev/revision';

export function composeAutoscaler(options: AutoscalerOptions): Autoscaler {
  const { client, clock, timers, random, logger, meter, network } = options;
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
  // Not among them: few clusters have any, and some not even the kind.
  const horizontalInformer = follow(horizontalPodAutoscalers);
  let isHorizontalFollowed = false;

  function privateServiceOf(key: string): string | undefined {
    const sks = serverlessServices.store.get(key);
    return sks && privateServiceKeysOf(sks)[0];
  }
  function readyPodsOf(key: string): readonly ReadyPod[] {
    const service = privateServiceOf(key);
    return service === undefined ? [] : listReadyPods(slices.store, service);
  }
  function podCountsOf(key: string): PodCounts {
    const service = privateServiceOf(key);
    return service === undefined ? { ready: 0, notReady: 0, terminating: 0 } : countPods(slices.store, service);
  }
  const countReadyPods = (key: string) => readyPodsOf(key).length;

  const multiScaler = new MultiScaler({
    clock,
    timers,
    collector: new StatsCollector(),
    // Before the caches are filled "no pods" means "not seen yet".
    countReadyPods: (key) => (slices.hasSynced && serverlessServices.hasSynced ? countReadyPods(key) : undefined),
    onDecision: (key) => controller.enqueue(key),
  });
  const recorder = options.recordLoad && new LoadRecorder({ write: options.recordLoad, find: (key) => podAutoscalers.store.get(key), countReadyPods, clock });
  function record(key: string, stat: Stat): void {
    recorder?.record(key, stat);
    warmKeeping.record(key, stat);
    multiScaler.record(key, stat);
  }
  const config = new LiveConfig(logger, enqueueAll, options.onTelemetry ?? (() => {}));
  const warmKeeping = new WarmKeeping({ clock, timers, config: () => config.current, onChange: (key) => controller.enqueue(key) });
  const sharding: Sharding = createSharding({
    ...options,
    config: () => config.leaderElection,
    record,
    onChange: enqueueAll,
  });
  const scraping =
    network &&
    new Scraping({
      mode: options.scrape ?? (options.configService === undefined ? 'all' : 'auto'),
      network,
      meshMode: () => config.network.meshCompatibilityMode,
      passesMesh: () => config.network.enableMeshPodAddressability,
      podsOf: (key) => ({ pods: readyPodsOf(key), service: privateServiceOf(key)?.split('/').toReversed().join('.') }),
      hasReported: (key, podName) => multiScaler.hasReport(key, podName),
      record,
      clock,
      timers,
      random,
      logger,
      meter,
    });
  const horizontal = new HorizontalReconciler({
    client,
    serverlessServices: serverlessServices.store,
    countReadyPods,
    follow() {
      if (!isHorizontalFollowed) horizontalInformer.start();
      isHorizontalFollowed = true;
      return horizontalInformer;
    },
    clock,
    logger,
  });
  const reconciler = new PodAutoscalerReconciler({
    client,
    podAutoscalers: podAutoscalers.store,
    serverlessServices: serverlessServices.store,
    deployments: deploymentInformer.store,
    multiScaler,
    horizontal,
    ownership: sharding.ownership,
    scraping: scraping ?? { upsert() {}, remove() {} },
    warmKeeping,
    podCounts: podCountsOf,
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
  const { configService } = options;
  const load =
    configService === undefined
      ? undefined
      : new LoadReplicas({
          serviceAddress: configService,
          subscriber: options.identity,
          open: options.openLoad,
          timers,
          random,
          logger,
          onLoad: (report) => {
            const { key, stat } = statOf(report);
            record(key, stat);
            if (report.coldStart && reconciler.onColdStart(key, report.coldStart)) controller.enqueue(key);
          },
          onReporting: (isReporting) => multiScaler.setReporting(isReporting),
        });
  const service = configService === undefined ? undefined : serviceOf(configService, options.systemNamespace);

  function enqueueAll(): void {
    for (const pa of podAutoscalers.store.list()) controller.enqueue(objectKey(pa));
  }

  /** Nobody is subscribed to before the slices are there, since a first guess would have to be taken back. */
  function followReplicas(): void {
    if (slices.hasSynced) load?.setReplicas(service === undefined ? [] : replicasOf(slices.store.byIndex(sliceIndex, service)));
  }

  slices.subscribe(({ object }) => {
    if (service !== undefined && serviceKeysOf(object).includes(service)) followReplicas();
  });
  controller.follow(podAutoscalers);
  controller.follow(serverlessServices);
  controller.follow(horizontalInformer);
  controller.follow(deploymentInformer, revisionKeysOf);
  controller.follow(slices, (slice) =>
    serviceKeysOf(slice).flatMap((key) => serverlessServices.store.byIndex(privateServiceIndex, key).map(objectKey)),
  );
  configMapInformer.subscribe((change) => config.onConfigMap(change));

  return {
    async start() {
      for (const informer of informers) informer.start();
      slices.whenSynced().then(followReplicas, () => {});
      // How the work is shared out stands in a ConfigMap.
      configMapInformer.whenSynced().then(() => sharding.start(), () => {});
      await sharding.listen();
      multiScaler.start();
      warmKeeping.start();
      scraping?.start();
      await controller.start();
      logger.info('autoscaler started', { revisions: podAutoscalers.store.size });
    },
    async stop() {
      multiScaler.stop();
      warmKeeping.stop();
      scraping?.stop();
      load?.stop();
      // What is under way is done before another replica may begin.
      const idle = controller.stop();
      await Promise.all([sharding.stop(idle), idle]);
      await Promise.all([...informers, ...(isHorizontalFollowed ? [horizontalInformer] : [])].map((informer) => informer.stop()));
    },
    get hasSynced() {
      return informers.every((informer) => informer.hasSynced);
    },
    decisions(revision) {
      return [...multiScaler.decisions()].flatMap(({ key, spec, decision }) =>
        decision && (revision === undefined || key === revision) ? [{ revision: key, spec: spec.decider, decision, panicWindowMs: spec.collector.panicWindowMs }] : [],
      );
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
