/** The objects of Kubernetes' own kinds of ways in, as they change in the API. An API may have all of these kinds, or none. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { configMaps, Informer, namespaces, objectKey, type ConfigMap, type KubernetesClient, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { backendTlsPolicyKind, gatewayClassKind, gatewayKind, grpcRouteKind, httpRouteKind, ingressClassKind, kubernetesIngressKind, referenceGrantKind, tcpRouteKind, tlsRouteKind, type EdgeList } from '@sluice/serving';

import { OptionalInformer } from './optional-informer.ts';

export interface EdgeWatchOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** An object is new or different, or, when undefined, gone. */
  readonly onObject: (list: EdgeList, key: string, object: KubernetesObject | undefined) => void;
  readonly onNamespace: (name: string, labels: Readonly<Record<string, string>> | undefined) => void;
  /** What a ConfigMap holds under `ca.crt`. */
  readonly onAuthority: (key: string, pem: string | undefined) => void;
}

export interface EdgeWatch {
  start(): void;
  stop(): Promise<void>;
  /** Follows ConfigMaps, too, from now on: somebody names one. */
  followAuthorities(): void;
  /** Fulfils when everything that the API knows has been listed once. */
  whenSynced(): Promise<void>;
}

const kinds: { readonly [List in EdgeList]: ResourceKind } = {
  gatewayClasses: gatewayClassKind,
  gateways: gatewayKind,
  httpRoutes: httpRouteKind,
  grpcRoutes: grpcRouteKind,
  tlsRoutes: tlsRouteKind,
  tcpRoutes: tcpRouteKind,
  backendTlsPolicies: backendTlsPolicyKind,
  referenceGrants: referenceGrantKind,
  ingressClasses: ingressClassKind,
  ingresses: kubernetesIngressKind,
};

export function createEdgeWatch({ onObject, onNamespace, onAuthority, ...base }: EdgeWatchOptions): EdgeWatch {
  const follow = (kind: ResourceKind, tell: (key: string, object: KubernetesObject | undefined) => void): OptionalInformer<KubernetesObject> => {
    const informer = new Informer<KubernetesObject>({ ...base, kind, transform: withoutBookkeeping });
    informer.subscribe(({ kind: change, object }) => tell(objectKey(object), change === 'deleted' ? undefined : object));
    return new OptionalInformer({ ...base, kind, informer });
  };
  const informers = [
    ...(Object.entries(kinds) as [EdgeList, ResourceKind][]).map(([list, kind]) => follow(kind, (key, object) => onObject(list, key, object))),
    follow(namespaces, (key, object) => onNamespace(key.slice(key.lastIndexOf('/') + 1), object && (object.metadata.labels ?? {}))),
  ];
  let authorities: Informer<ConfigMap> | undefined;
  return {
    start() {
      for (const informer of informers) informer.start();
    },
    followAuthorities() {
      if (authorities) return;
      authorities = new Informer<ConfigMap>({ ...base, kind: configMaps, transform: onlyAuthority });
      authorities.subscribe(({ kind: change, object }) => onAuthority(objectKey(object), change === 'deleted' ? undefined : object.data?.[authorityEntry]));
      authorities.start();
    },
    async stop() {
      await Promise.all([...informers, ...(authorities ? [authorities] : [])].map((informer) => informer.stop()));
    },
    async whenSynced() {
      await Promise.all(informers.map((informer) => informer.whenSynced()));
      // Whoever comes back must not tell gateways that nobody can be believed.
      await authorities?.whenSynced();
    },
  };
}

const authorityEntry = 'ca.crt';

/** Of what else ConfigMaps hold nothing is kept. */
function onlyAuthority({ apiVersion, kind, metadata: { namespace = '', name, resourceVersion = '', uid = '' }, data }: ConfigMap): ConfigMap {
  const pem = data?.[authorityEntry];
  return { apiVersion: apiVersion ?? 'v1', kind: kind ?? 'ConfigMap', metadata: { namespace, name, resourceVersion, uid }, ...(pem === undefined ? {} : { data: { [authorityEntry]: pem } }) };
}

/** Who set which field is of no interest here. */
function withoutBookkeeping(object: KubernetesObject): KubernetesObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
