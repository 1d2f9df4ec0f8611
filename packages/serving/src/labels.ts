/** Names of labels, annotations and headers that are part of the contract with Knative's users and peers. */

export const labels = {
  service: 'serving.knative.dev/service',
  serviceUid: 'serving.knative.dev/serviceUID',
  configuration: 'serving.knative.dev/configuration',
  configurationUid: 'serving.knative.dev/configurationUID',
  /** The generation of the Configuration that a Revision was made from. */
  configurationGeneration: 'serving.knative.dev/configurationGeneration',
  revision: 'serving.knative.dev/revision',
  /** What a Deployment selects its pods by: names are used again, uids are not. */
  revisionUid: 'serving.knative.dev/revisionUID',
  route: 'serving.knative.dev/route',
  routeNamespace: 'serving.knative.dev/routeNamespace',
  /** `pending`, `active` or `reserve`: whether a route refers to the Revision. */
  routingState: 'serving.knative.dev/routingState',
  /** `Public` or `Private`, on the Services of a Revision. */
  serviceType: 'networking.internal.knative.dev/serviceType',
  serverlessService: 'networking.internal.knative.dev/serverlessservice',
  /** `cluster-local` keeps a route off the outside. */
  visibility: 'networking.knative.dev/visibility',
  /** On a Certificate of a DomainMapping; what stands there is its name, as Knative writes it. */
  domainMappingUid: 'serving.knative.dev/domainMappingUID',
  /** On a Certificate: for whom its names are, `external-domain`, `cluster-local-domain` or `system-internal`. */
  certificateType: 'networking.knative.dev/certificate-type',
  /** On a Certificate for all names of a namespace: the domain that they are under. */
  wildcardDomain: 'networking.knative.dev/wildcardDomain',
  app: 'app',
} as const;

export const annotations = {
  /** The routes that refer to a Configuration or Revision, separated by commas. */
  routes: 'serving.knative.dev/routes',
  routingStateModified: 'serving.knative.dev/routingStateModified',
  creator: 'serving.knative.dev/creator',
  lastModifier: 'serving.knative.dev/lastModifier',
  /** How long a Deployment may take to make progress. */
  progressDeadline: 'serving.knative.dev/progress-deadline',
  rolloutDuration: 'serving.knative.dev/rollout-duration',
  legacyRolloutDuration: 'serving.knative.dev/rolloutDuration',
  /** Keeps a Revision from being collected. */
  noGc: 'serving.knative.dev/no-gc',
  /** `Enabled`: requests and responses of HTTP/1.1 may overlap. */
  fullDuplex: 'features.knative.dev/http-full-duplex',
  /** `enabled`: the sidecar sees the annotations of its pod. */
  podInfo: 'features.knative.dev/queueproxy-podinfo',
  /** Who serves an Ingress. */
  ingressClass: 'networking.knative.dev/ingress-class',
  legacyIngressClass: 'networking.knative.dev/ingress.class',
  /** On an Ingress of a Route: the hosts of each of its tags, as JSON. */
  tagToHost: 'networking.internal.knative.dev/tag-to-host',
  /** Who makes a Certificate. */
  certificateClass: 'networking.knative.dev/certificate-class',
  legacyCertificateClass: 'networking.knative.dev/certificate.class',
  /** `true`: no certificates are made for hosts outside. */
  disableExternalTls: 'networking.knative.dev/disable-external-domain-tls',
  legacyDisableTls: 'networking.knative.dev/disable-auto-tls',
  oldDisableTls: 'networking.knative.dev/disableAutoTLS',
  /** `enabled`, `redirected` or `disabled`: plain HTTP at hosts with certificates. */
  httpProtocol: 'networking.knative.dev/http-protocol',
  legacyHttpOption: 'networking.knative.dev/http-option',
  oldHttpOption: 'networking.knative.dev/httpOption',
  /** Ours: a claim that was made for a DomainMapping, and goes with it. */
  autocreated: 'serving.sluice.dev/autocreated',
  /** What a client-side apply leaves behind; never copied to children. */
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
  /** Ours, on the status of a Revision: `enabled` when all of its pods have a certificate to show to who calls them. */
  internalTls: 'networking.sluice.dev/internal-tls',
  /** Ours: the hash of what a child was made from, to notice that it should be made anew. */
  specHash: 'serving.sluice.dev/spec-hash',
} as const;

/** Whether an object says `enabled`, in any case of letters, under an annotation. */
export function isAskedFor(object: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }, annotation: string): boolean {
  return object.metadata.annotations?.[annotation]?.toLowerCase() === 'enabled';
}

/** The prefix of all annotations that speak to the autoscaler. */
export const autoscalingPrefix = 'autoscaling.knative.dev/';

export const headers = {
  revision: 'Knative-Serving-Revision',
  namespace: 'Knative-Serving-Namespace',
  tag: 'Knative-Serving-Tag',
  /** `true` on what the route's own host sends the default way. */
  defaultRoute: 'Knative-Serving-Default-Route',
  /** What a request's `Host` was before it was led elsewhere. */
  originalHost: 'K-Original-Host',
} as const;

/** `routingState` of a Revision. */
export type RoutingState = 'pending' | 'active' | 'reserve';

type Pairs = Readonly<Record<string, string>>;

/**
 * Annotations as children inherit them: without those that speak of the parent alone. What routes write on a Revision
 * is among these: in a pod template it would roll all pods each time traffic changes.
 */
export function inheritedAnnotations(own: Pairs | undefined): Record<string, string> {
  const {
    [annotations.lastApplied]: _,
    [annotations.routes]: __,
    [annotations.routingStateModified]: ___,
    ...rest
  } = own ?? {};
  return rest;
}
