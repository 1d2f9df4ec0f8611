/**
 * The objects that decide what proxies are told, as the API has them now, and which kind of change came. No work
 * is done here in reaction to a change.
 */
import { formatProblem, type Clock, type Logger, type Random, type Timers } from '@sluice/kernel';
import {
  configMaps,
  endpointSlices,
  Informer,
  type Change,
  type ConfigMap,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import {
  defaultServingConfig,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  updateServingConfig,
  type ServingConfig,
  type ServingObjects,
} from '@sluice/serving';

export interface ClusterWatchOptions {
  readonly client: KubernetesClient;
  /** Where the ConfigMaps are. */
  readonly systemNamespace: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Something that can only move endpoints has changed: pods, or whether traffic goes through activators. */
  readonly onEndpointsChange: () => void;
  /** Anything else has changed. */
  readonly onChange: () => void;
}

export interface ClusterWatch {
  start(): void;
  stop(): Promise<void>;
  /** Fulfils when everything has been listed once. Before that, what is missing may only not have been seen. */
  whenSynced(): Promise<void>;
  objects(): ServingObjects;
  /** What the ConfigMaps say. A map with a mistake in it leaves its part as it was. */
  readonly config: ServingConfig;
}

export function createClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const { logger, onChange, onEndpointsChange } = options;
  const { client, clock, timers, random } = options;
  const base = { client, clock, timers, random, logger };
  const follow = <T extends KubernetesObject>(kind: ResourceKind<T>) =>
    new Informer({ ...base, kind, transform: withoutBookkeeping<T> });

  const routes = follow(routeKind);
  const revisions = follow(revisionKind);
  const podAutoscalers = follow(podAutoscalerKind);
  const serverlessServices = follow(serverlessServiceKind);
  const slices = follow(endpointSlices);
  const maps = new Informer({ ...base, kind: configMaps, namespace: options.systemNamespace });
  const informers = [routes, revisions, podAutoscalers, serverlessServices, slices, maps];
  let config = defaultServingConfig;

  function onConfigMap({ kind, object }: Change<ConfigMap>): void {
    const { name } = object.metadata;
    const update = updateServingConfig(config, name, kind === 'deleted' ? undefined : (object.data ?? {}));
    if (update.problems.length > 0) {
      logger.error('config refused', { configMap: name, problems: update.problems.map(formatProblem) });
    }
    if (update.config === config) return;
    config = update.config;
    onChange();
  }

  for (const informer of [routes, revisions, podAutoscalers]) informer.subscribe(onChange);
  for (const informer of [serverlessServices, slices]) informer.subscribe(onEndpointsChange);
  maps.subscribe(onConfigMap);

  return {
    start() {
      for (const informer of informers) informer.start();
    },
    async stop() {
      await Promise.all(informers.map((informer) => informer.stop()));
    },
    async whenSynced() {
      await Promise.all(informers.map((informer) => informer.whenSynced()));
    },
    objects: () => ({
      routes: routes.store.list(),
      revisions: revisions.store.list(),
      podAutoscalers: podAutoscalers.store.list(),
      serverlessServices: serverlessServices.store.list(),
      endpointSlices: slices.store.list(),
    }),
    get config() {
      return config;
    },
  };
}

/** Who set which field is of no interest here, and is often the larger part of an object. */
function withoutBookkeeping<T extends KubernetesObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
