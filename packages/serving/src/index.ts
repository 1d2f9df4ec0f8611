export type { CommonStatus, Condition, ObjectMeta, OwnerReference, ServingObject } from './api/object.ts';
export type { Container, ContainerPort, EnvVar, PodSpec, Probe, Volume, VolumeMount } from './api/pod-spec.ts';
export type { ContainerStatus, Revision, RevisionSpec, RevisionStatus, RevisionTemplate } from './api/revision.ts';
export type { Configuration, ConfigurationSpec, ConfigurationStatus } from './api/configuration.ts';
export type { Route, RouteSpec, RouteStatus, TrafficTarget } from './api/route.ts';
export type { Service, ServiceSpec, ServiceStatus } from './api/service.ts';
export type {
  PodAutoscaler,
  PodAutoscalerSpec,
  PodAutoscalerStatus,
  Protocol,
  Reachability,
} from './api/pod-autoscaler.ts';
export type {
  ServerlessService,
  ServerlessServiceSpec,
  ServerlessServiceStatus,
  ServingMode,
} from './api/serverless-service.ts';
export type { Certificate, CertificateSpec, CertificateStatus } from './api/certificate.ts';
export type { ClusterDomainClaim, DomainMapping, DomainMappingSpec, DomainMappingStatus } from './api/domain-mapping.ts';
export {
  certificateKind,
  clusterDomainClaimKind,
  configurationKind,
  domainMappingKind,
  ingressKind,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
  type ServingKind,
} from './kinds.ts';
export { annotations, autoscalingPrefix, headers, labels, type RoutingState } from './labels.ts';
export { canonicalJson, childName, deploymentName, generatedRevisionName, isSameContent, privateServiceName } from './names.ts';

export type { ConfigData } from './config/config-reader.ts';
export {
  ConfigStore,
  type ConfigMapOutcome,
  type ConfigMapReader,
  type ConfigMapReaders,
  type ConfigStoreOptions,
} from './config/config-store.ts';
export type { DefaultsConfig } from './config/defaults-config.ts';
export type { DeploymentConfig } from './config/deployment-config.ts';
export { domainsFor, type Domain, type DomainConfig } from './config/domain-config.ts';
export { featureKeys, isPermitted, type Feature, type FeaturesConfig, type Flag } from './config/features-config.ts';
export type { GcConfig } from './config/gc-config.ts';
export {
  defaultLeaderElection,
  readLeaderElectionConfig,
  type LeaderElectionConfig,
} from './config/leader-election-config.ts';
export { componentTelemetry, type ComponentTelemetry } from './config/component-telemetry.ts';
export { defaultLogging, type LoggingConfig, type LoggingLevel } from './config/logging-config.ts';
export { ownCertificateClass, ownIngressClass, type HttpProtocol, type NetworkConfig } from './config/network-config.ts';
export {
  defaultRequestLogTemplate,
  formatSidecarObservability,
  type MetricsConfig,
  type ObservabilityConfig,
  type TracingConfig,
} from './config/observability-config.ts';
export {
  defaultServingConfig,
  isServingConfigMap,
  servingConfigMaps,
  servingConfigOf,
  updateServingConfig,
  type ServingConfig,
  type ServingConfigMap,
} from './config/serving-config.ts';

export { defaultConfiguration, defaultRevision, defaultRoute, defaultService } from './defaulting/default-objects.ts';
export type { AdmissionRules } from './admission/admission-rules.ts';
export { admit, refusalOf, type AdmissionAnswer, type AdmissionRequest } from './admission/admit.ts';
export { podDryRun, podDryRunAnnotation, podDryRunProblem, type PodDryRun } from './admission/pod-dry-run.ts';
export { checkConfigMap } from './admission/check-config-map.ts';
export type { CheckScaling } from './validation/annotations.ts';
export { describeProblems } from './validation/field-problem.ts';
export {
  validateConfiguration,
  validateRevision,
  validateRoute,
  validateService,
  type ValidationRules,
} from './validation/validate.ts';

export { makeConfiguration } from './resources/make-configuration.ts';
export { makeRoute } from './resources/make-route.ts';
export { makeRevision, revisionNameOf } from './resources/make-revision.ts';
export { makeDeployment, type RevisionDeployment } from './resources/make-deployment.ts';
export { makePodAutoscaler } from './resources/make-pod-autoscaler.ts';
export { makePrivateService, type PrivateService } from './resources/make-private-service.ts';
export { makePublicService, makePublicSlices, sliceManager, type PublicEndpoints, type PublicService, type PublicSlice } from './resources/make-public-service.ts';
export { ownerReference } from './resources/owner-reference.ts';
export type { PodOptions } from './resources/make-queue-container.ts';
export { protocolOf, queuePorts, queueServingPort, userPort } from './resources/serving-container.ts';

export {
  conditionOf,
  isFalse,
  isTrue,
  isUnknown,
  livingConditions,
  markOf,
  type Mark,
} from './status/condition-set.ts';
export type { PodView } from './status/pod-failure.ts';
export {
  hasFailed,
  invalidRevisionStatus,
  revisionStatus,
  takenDeploymentStatus,
  type DeploymentView,
  type RevisionFacts,
} from './status/revision-status.ts';
export {
  configurationStatus,
  failedConfigurationStatus,
  type ConfigurationFacts,
} from './status/configuration-status.ts';
export { formatVerdict, gatewayVerdictAnnotation, type GatewayVerdict } from './status/gateway-verdict.ts';
export { ingressStatus, type GatewayDomains } from './status/ingress-status.ts';
export { advanceRollout, type RolloutFacts } from './rollout/advance-rollout.ts';
export { formatRollout, isDone, parseRollout, rolloutAnnotation, type ConfigurationRollout, type Rollout } from './rollout/rollout.ts';
export type { SteppedRollout } from './rollout/step-rollout.ts';
export { invalidRouteStatus, isServedByAll, routeStatus, type RouteFacts } from './status/route-status.ts';
export { invalidServiceStatus, serviceStatus, type ServiceFacts } from './status/service-status.ts';
export { serverlessServiceStatus, type ServerlessServiceFacts } from './status/serverless-service-status.ts';

export { balancerOf, type Balancer } from './placeholders/balancer.ts';
export { makePlaceholder, makePlaceholderSlice, type PlaceholderService, type PlaceholderSlice } from './placeholders/make-placeholder.ts';
export { hiddenTags, withHiddenTags } from './traffic/hidden-tags.ts';
export { clusterHost, clusterUrl, isClusterLocal, routeHosts, routeUrl, taggedName, type HostConfig, type RouteHosts } from './traffic/hosts.ts';
export {
  referencedNames,
  resolveTraffic,
  type ResolvedTarget,
  type ResolvedTraffic,
  type TrafficFailure,
  type TrafficWorld,
} from './traffic/resolve-traffic.ts';

export {
  internalCertificateNames,
  internalCertificateType,
  podCertificate,
  podSubject,
  routingCertificate,
  routingSubject,
  trustBundleLabel,
} from './certificates/internal-certificates.ts';
export { certificateVolumeName } from './resources/sidecar-volumes.ts';
export { internalTlsOf, type InternalTls, type TrustBundleView } from './model/internal-tls.ts';
export { certificateStatus } from './certificates/certificate-status.ts';
export { issuePair, judgePair, makeAuthorityPair, readAuthority, type Ingredients, type Pair, type PairVerdict, type SigningAuthority } from './certificates/issue-certificate.ts';
export { namespaceCertificate } from './certificates/namespace-certificate.ts';
export { certificateClassOf, certificateTypes, makeCertificate, refusesExternalTls, type CertificateWish } from './certificates/make-certificate.ts';
export { obtainedTls, tlsNotEnabled, tlsNotEnabledInside, type ObtainedCertificate, type ObtainedTls } from './certificates/obtained-certificates.ts';
export { coveringWildcard, routeCertificates, type WantedCertificate } from './certificates/route-certificates.ts';
export { collectRevisions, type Collection, type CollectionFacts } from './collection/collect-revisions.ts';
export { defaultDomainMapping } from './domain-mapping/default-domain-mapping.ts';
export { domainMappingCertificate } from './domain-mapping/domain-mapping-certificate.ts';
export { domainMappingStatus, invalidDomainMappingStatus, type DomainMappingFacts } from './domain-mapping/domain-mapping-status.ts';
export { makeDomainIngress } from './domain-mapping/make-domain-ingress.ts';
export { isPlainService, resolveReference, resourceOf, type Addressable, type FoundReference, type ResolvedReference } from './domain-mapping/resolve-reference.ts';
export { validateDomainMapping } from './domain-mapping/validate-domain-mapping.ts';
export { build } from './model/build.ts';
export { previewObjects, type Preview } from './model/preview-objects.ts';
export { ingressClass, LiveModel, type BuildOptions, type ModelChange, type ObjectList } from './model/live-model.ts';
export type { OwnerState } from './model/live-routes.ts';
export { noEdge, type EdgeAction, type EdgeAncestorStatus, type EdgeCondition, type EdgeCors, type EdgeGatewayStatus, type EdgeHost, type EdgeMatch, type EdgeModel, type EdgeParentStatus, type EdgePart, type EdgePassage, type EdgePlainAction, type EdgeRule, type EdgeServer, type EdgeSession, type EdgeShare, type HeaderChanges, type PathChange, type ValueMatch } from './edge/edge-model.ts';
export { LiveEdge, type EdgeList, type LiveEdgeOptions } from './edge/live-edge.ts';
export type { EdgeSurroundings } from './edge/edge-surroundings.ts';
export { backendTlsPolicyKind, gatewayClassKind, gatewayController, gatewayKind, grpcRouteKind, httpRouteKind, ingressClassKind, ingressController, kubernetesIngressKind, referenceGrantKind, tcpRouteKind, tlsRouteKind } from './edge/edge-kinds.ts';
export type * from './edge/api/gateway-api.ts';
export type * from './edge/api/kubernetes-ingress.ts';
export type { RevisionMesh } from './model/revision-mesh.ts';
export { certificateIn, type FoundCertificate } from './model/certificates.ts';
export { backendKey, type BackendRef, type NoBackend, type ServiceView } from './model/live-backends.ts';
export type { SecretView } from './model/certificates.ts';
export type {
  HttpOption,
  Ingress,
  IngressPath,
  IngressRule,
  IngressSpec,
  IngressSplit,
  IngressStatus,
  IngressTls,
  IngressVisibility,
} from './api/ingress.ts';
export { parseImageName, registryOrigin, withDigest, type ImageName } from './images/image-name.ts';
export { credentialsFor, type PullCredentials, type PullSecretView } from './images/pull-credentials.ts';
export { readChallenge, type RegistryChallenge } from './images/registry-challenge.ts';
export { hasDigests, imagesOf, type ImageResolution } from './images/revision-images.ts';
export { ingressClassOf, isServedHere } from './ingress/ingress-class.ts';
export { ingressHash } from './ingress/ingress-hash.ts';
export { makeIngress, tagsOf, type IngressConfig } from './ingress/make-ingress.ts';
export { ingressForOthers } from './ingress/served-ingress.ts';
export { validateIngress } from './ingress/validate-ingress.ts';
export type { ServingObjects } from './model/serving-objects.ts';
export { endpointsOf, type EndpointSliceView } from './model/endpoints.ts';
export type {
  ObjectProblem,
  RouteOwner,
  ServingCertificate,
  ServingEndpoint,
  ServingBackend,
  ServingModel,
  ServingPath,
  ServingRevision,
  ServingRoute,
  TrafficSplit,
} from './serving-model.ts';
