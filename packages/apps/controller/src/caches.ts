/** What the reconcilers read: one informer per kind, with the indexes they find things by. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import {
  configMaps,
  deployments,
  endpointSlices,
  Informer,
  namespaces,
  pods,
  services as coreServices,
  serviceNameLabel,
  type ConfigMap,
  type Deployment,
  type EndpointSlice,
  type KubernetesClient,
  type KubernetesObject,
  type Namespace,
  type Pod,
  type Service as CoreService,
} from '@sluice/kubernetes';
import {
  annotations,
  certificateKind,
  clusterDomainClaimKind,
  configurationKind,
  domainMappingKind,
  ingressClassOf,
  ingressKind,
  labels,
  ownIngressClass,
  podAutoscalerKind,
  privateServiceName,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
  type Certificate,
  type ClusterDomainClaim,
  type Configuration,
  type DomainMapping,
  type Ingress,
  type PodAutoscaler,
  type Revision,
  type Route,
  type ServerlessService,
  type Service,
} from '@sluice/serving';

export interface Caches {
  readonly services: Informer<Service>;
  readonly configurations: Informer<Configuration>;
  readonly revisions: Informer<Revision>;
  readonly routes: Informer<Route>;
  readonly domainMappings: Informer<DomainMapping>;
  readonly clusterDomainClaims: Informer<ClusterDomainClaim>;
  readonly ingresses: Informer<Ingress>;
  readonly certificates: Informer<Certificate>;
  readonly namespaces: Informer<Namespace>;
  readonly podAutoscalers: Informer<PodAutoscaler>;
  readonly serverlessServices: Informer<ServerlessService>;
  readonly deployments: Informer<Deployment>;
  /** Those of revisions. */
  readonly coreServices: Informer<CoreService>;
  /** Those that stand for Routes and their tags. */
  readonly placeholders: Informer<CoreService>;
  readonly endpointSlices: Informer<EndpointSlice>;
  /** Those of revisions only. */
  readonly pods: Informer<Pod>;
  /** Those of the control plane's namespace only. */
  readonly configMaps: Informer<ConfigMap>;
}

export interface CacheOptions {
  readonly client: KubernetesClient;
  readonly systemNamespace: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Names of indexes. All values begin with the namespace. */
export const index = {
  /** Revisions by their Configuration. */
  configuration: 'configuration',
  /** Revisions and Configurations by each Route that says it refers to them; placeholders by the Route that they stand for. */
  route: 'route',
  /** Routes by each Configuration or Revision that their traffic names. */
  target: 'target',
  /** Pods by their Revision. */
  revision: 'revision',
  /** EndpointSlices by their Service; ServerlessServices by each of their Services. */
  service: 'service',
  /** DomainMappings by what they lead to: `kind namespace/name`. */
  reference: 'reference',
  /** Certificates by the uid of who controls them. */
  owner: 'owner',
  /** Certificates for all names of a namespace, by that. */
  wildcard: 'wildcard',
  /** Ingresses that others serve, by each Service that they lead to. */
  backend: 'backend',
  /** ServerlessServices by the Deployment they refer to. */
  deployment: 'deployment',
} as const;

export function createCaches(options: CacheOptions): Caches {
  const { systemNamespace, ...base } = options;
  return {
    services: new Informer<Service>({ ...base, kind: serviceKind, transform: withSpec }),
    configurations: new Informer<Configuration>({
      ...base,
      kind: configurationKind,
      transform: withSpec,
      indexes: { [index.route]: routeKeys },
    }),
    revisions: new Informer<Revision>({
      ...base,
      kind: revisionKind,
      transform: withSpec,
      indexes: { [index.configuration]: byLabel(labels.configuration), [index.route]: routeKeys },
    }),
    routes: new Informer<Route>({
      ...base,
      kind: routeKind,
      transform: withSpec,
      indexes: { [index.target]: targetKeys },
    }),
    domainMappings: new Informer<DomainMapping>({
      ...base,
      kind: domainMappingKind,
      transform: withSpec,
      indexes: {
        [index.reference]: ({ metadata, spec }) => [`${spec.ref?.kind ?? ''} ${inNamespace(metadata.namespace, spec.ref?.name ?? '')}`],
      },
    }),
    clusterDomainClaims: new Informer<ClusterDomainClaim>({ ...base, kind: clusterDomainClaimKind }),
    ingresses: new Informer<Ingress>({ ...base, kind: ingressKind, indexes: { [index.backend]: backendKeys } }),
    certificates: new Informer<Certificate>({
      ...base,
      kind: certificateKind,
      transform: withSpec,
      indexes: {
        [index.owner]: ({ metadata }) => (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid),
        [index.wildcard]: ({ metadata }) => (metadata.labels?.[labels.wildcardDomain] === undefined ? [] : [metadata.namespace ?? '']),
      },
    }),
    namespaces: new Informer({ ...base, kind: namespaces }),
    podAutoscalers: new Informer<PodAutoscaler>({ ...base, kind: podAutoscalerKind }),
    serverlessServices: new Informer<ServerlessService>({
      ...base,
      kind: serverlessServiceKind,
      indexes: {
        [index.service]: ({ metadata }) => [privateServiceName(metadata.name), metadata.name].map((name) => inNamespace(metadata.namespace, name)),
        [index.deployment]: ({ metadata, spec }) => [inNamespace(metadata.namespace, spec.objectRef.name)],
      },
    }),
    deployments: new Informer({ ...base, kind: deployments, labelSelector: labels.revision }),
    coreServices: new Informer({ ...base, kind: coreServices, labelSelector: labels.serverlessService }),
    placeholders: new Informer({ ...base, kind: coreServices, labelSelector: labels.route, indexes: { [index.route]: byLabel(labels.route) } }),
    endpointSlices: new Informer({
      ...base,
      kind: endpointSlices,
      indexes: { [index.service]: byLabel(serviceNameLabel) },
    }),
    pods: new Informer({
      ...base,
      kind: pods,
      labelSelector: labels.revision,
      indexes: { [index.revision]: byLabel(labels.revision) },
    }),
    configMaps: new Informer({ ...base, kind: configMaps, namespace: systemNamespace }),
  };
}

/** The keys of the Routes that an object says refer to it. */
export function routeKeys({ metadata }: KubernetesObject): string[] {
  const names = (metadata.annotations?.[annotations.routes] ?? '').split(',').filter((name) => name !== '');
  return names.map((name) => inNamespace(metadata.namespace, name));
}

/** `namespace/name`. */
export function inNamespace(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** A spec may be left out altogether; then there is an empty one, and validation says what is missing in it. */
function withSpec<T extends KubernetesObject & { readonly spec: object }>(object: T): T {
  return Object.hasOwn(object, 'spec') ? object : { ...object, spec: {} };
}

/** What ours serve names Services for their names only. An Ingress of no class is nobody's. */
export function backendKeys(ingress: Ingress): string[] {
  const ingressClass = ingressClassOf(ingress, { ingressClass: ownIngressClass });
  if (ingressClass === ownIngressClass) return [];
  const splits = (ingress.spec?.rules ?? []).flatMap((rule) => (rule.http?.paths ?? []).flatMap((path) => path.splits ?? []));
  return [...new Set(splits.map(({ serviceNamespace, serviceName }) => inNamespace(serviceNamespace, serviceName)))];
}

function targetKeys({ metadata, spec }: Route): string[] {
  const names = new Set((spec.traffic ?? []).map((target) => target.revisionName || target.configurationName || ''));
  return [...names].map((name) => inNamespace(metadata.namespace, name));
}

function byLabel(label: string): (object: KubernetesObject) => string[] {
  return ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [inNamespace(metadata.namespace, value)];
  };
}
