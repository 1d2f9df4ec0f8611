export type { CommonStatus, Condition, ObjectMeta, OwnerReference, ServingObject } from './api/object.ts';
export type { Container, ContainerPort, EnvVar, PodSpec, Probe, Volume, VolumeMount } from './api/pod-spec.ts';
export type { Revision, RevisionSpec, RevisionStatus, RevisionTemplate } from './api/revision.ts';
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
export {
  configurationKind,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
  type ServingKind,
} from './kinds.ts';
export type {
  ObjectProblem,
  ServingEndpoint,
  ServingModel,
  ServingRevision,
  ServingRoute,
  TrafficSplit,
} from './serving-model.ts';
