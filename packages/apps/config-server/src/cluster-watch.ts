/**
 * The objects that decide what proxies are told, as they change in the API. What a change means is decided elsewhere.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import {
  configMaps,
  endpointSlices,
  Informer,
  isNotFound,
  objectKey,
  secrets,
  services,
  type Change,
  type ConfigMap,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
  type Secret,
  type Service,
} from '@sluice/kubernetes';
import {
  ConfigStore,
  ingressKind,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  servingConfigMaps,
  servingConfigOf,
  type ObjectList,
  type InternalTls,
  type ServingConfig,
} from '@sluice/serving';
import { createInternalTlsWatch } from './internal-tls-watch.ts';

export interface ClusterWatchOptions {
  readonly client: KubernetesClient;
  /** Where the ConfigMaps are. */
  readonly systemNamespace: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Where Secrets are looked at; `undefined` stands for all namespaces. Empty where no certificates are wanted. */
  readonly secretNamespaces: readonly (string | undefined)[];
  /** Whether activators have a port for TLS: without, it is not spoken inside the mesh, whatever ConfigMaps say. */
  readonly canSpeakInternalTls: boolean;
  /** An object is new or different, or, when undefined, gone. */
  readonly onObject: (list: ObjectList, key: string, object: KubernetesObject | undefined) => void;
  /** By what TLS is spoken inside the mesh is another now: told while ConfigMaps want it spoken. */
  readonly onInternalTls: (internalTls: InternalTls | undefined) => void;
  /** The ConfigMaps say something else. A map with a mistake in it leaves its part as it was. */
  readonly onConfig: (config: ServingConfig) => void;
}

export interface ClusterWatch {
  start(): void;
  stop(): Promise<void>;
  /** Fulfils when everything has been listed once. Before that, what is missing may only not have been seen. */
  whenSynced(): Promise<void>;
}

export function createClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const { client, clock, timers, random, logger, onObject, onConfig } = options;
  const base = { client, clock, timers, random, logger };
  const internal = createInternalTlsWatch(options);
  const store = new ConfigStore({
    maps: servingConfigMaps,
    logger,
    onChange() {
      const config = servingConfigOf(store);
      internal.setWanted(config.network.systemInternalTls && options.canSpeakInternalTls);
      onConfig(config);
    },
  });

  function follow<T extends KubernetesObject>(list: ObjectList, kind: ResourceKind<T>, transform = withoutBookkeeping<T>, namespace?: string): Informer<T> {
    const informer = new Informer<T>({ ...base, kind, transform, ...(namespace === undefined ? {} : { namespace }) });
    informer.subscribe(({ kind: change, object }) => onObject(list, objectKey(object), change === 'deleted' ? undefined : object));
    return informer;
  }

  function onConfigMap({ kind, object }: Change<ConfigMap>): void {
    store.set(object.metadata.name, kind === 'deleted' ? undefined : (object.data ?? {}));
    internal.onConfigMap(kind === 'deleted' ? undefined : object, object.metadata.name);
  }

  const maps = new Informer({ ...base, kind: configMaps, namespace: options.systemNamespace });
  maps.subscribe(onConfigMap);
  const needed = [
    maps,
    follow('routes', routeKind),
    follow('revisions', revisionKind),
    follow('podAutoscalers', podAutoscalerKind),
    follow('serverlessServices', serverlessServiceKind),
    follow('endpointSlices', endpointSlices),
  ];
  const backends = follow('services', services, whatIsServed);
  const ingresses = follow('ingresses', ingressKind);
  const certificates = options.secretNamespaces.map((namespace) => ({ namespace, informer: follow('secrets', secrets, onlyCertificate, namespace) }));
  const informers = [...needed, backends, ingresses, ...certificates.map(({ informer }) => informer)];

  /** An API may not know Ingresses of Knative's kind, or keep Secrets: then nobody waits for them. */
  async function whenSyncedIfKnown<T extends KubernetesObject>(informer: Informer<T>, kind: ResourceKind<T>, namespace?: string): Promise<void> {
    try {
      await client.resource(kind).list({ limit: 1, ...(namespace === undefined ? {} : { namespace }) });
    } catch (reason) {
      if (isNotFound(reason)) return;
    }
    await informer.whenSynced();
  }

  return {
    start() {
      for (const informer of informers) informer.start();
    },
    async stop() {
      await Promise.all([...informers.map((informer) => informer.stop()), internal.stop()]);
    },
    async whenSynced() {
      await Promise.all([
        ...needed.map((informer) => informer.whenSynced()),
        whenSyncedIfKnown(backends, services),
        whenSyncedIfKnown(ingresses, ingressKind),
        ...certificates.map(({ informer, namespace }) => whenSyncedIfKnown(informer, secrets, namespace)),
      ]);
      // Whether it is wanted stands in ConfigMaps.
      await internal.whenSynced();
    },
  };
}

/** Who set which field is of no interest here, and is often the larger part of an object. */
function withoutBookkeeping<T extends KubernetesObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** A Service is looked at for its ports, and for where it can be reached. */
function whatIsServed({ apiVersion, kind, metadata, spec, status }: Service): Service {
  const { namespace = '', name, resourceVersion = '', uid = '', deletionTimestamp } = metadata;
  const { type, ports, clusterIP } = spec ?? {};
  return {
    apiVersion: apiVersion ?? 'v1',
    kind: kind ?? 'Service',
    metadata: { namespace, name, resourceVersion, uid, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: { ...(type === undefined ? {} : { type }), ...(ports === undefined ? {} : { ports }), ...(clusterIP === undefined ? {} : { clusterIP }) },
    ...(status === undefined ? {} : { status }),
  };
}

/** Secrets that are none of ours to know are not kept. */
function onlyCertificate({ apiVersion, kind, metadata, type, data }: Secret): Secret {
  const { namespace = '', name, resourceVersion = '', uid = '' } = metadata;
  const secret: Secret = { apiVersion: apiVersion ?? 'v1', kind: kind ?? 'Secret', metadata: { namespace, name, resourceVersion, uid } };
  if (type !== 'kubernetes.io/tls') return secret;
  const pair = Object.entries(data ?? {}).filter(([key]) => key === 'tls.crt' || key === 'tls.key');
  return { ...secret, type, data: Object.fromEntries(pair) };
}
