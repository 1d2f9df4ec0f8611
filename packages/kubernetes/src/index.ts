export {
  objectKey,
  parseObjectKey,
  type Condition,
  type KubernetesObject,
  type ListMeta,
  type ObjectList,
  type ObjectMeta,
  type ObjectReference,
  type OwnerReference,
} from './object.ts';
export type * from './objects/pod.ts';
export type * from './objects/workload.ts';
export {
  serviceNameLabel,
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  type Service,
  type ServicePort,
  type ServiceSpec,
} from './objects/network.ts';
export type * from './objects/cluster.ts';
export { apiVersionOf, resourcePath, type ResourceKind } from './resource-kind.ts';
export * from './builtin-kinds.ts';
export type { ApiRequest, ApiResponse, Transport } from './transport.ts';
export {
  ApiError,
  isAlreadyExists,
  isConflict,
  isGone,
  isInvalid,
  isNotFound,
  isStatus,
  type Status,
  type StatusDetails,
} from './api-error.ts';
export { KubernetesClient, type KubernetesClientOptions, type LogOptions } from './client.ts';
export {
  ResourceClient,
  type ApplyOptions,
  type DeleteOptions,
  type ListOptions,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './resource-client.ts';
export type { JsonPatchOperation, Patch } from './patch.ts';
export { Reflector, type ReflectorOptions, type ReflectorSink } from './reflector.ts';
export { Informer, type ChangeListener, type InformerOptions } from './informer.ts';
export type { Change, Indexer, Store } from './store.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
export { Controller, PermanentError, type ControllerOptions, type ReconcileResult } from './controller.ts';
export { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from './finalizers.ts';
export { controllerKeyOf, controllerOf, controllerReference, isControlledBy } from './ownership.ts';
export { findCondition, formatMicroTime, formatTime, isConditionTrue, mergeConditions } from './conditions.ts';
export { HttpTransport, type HttpTransportOptions } from './http/http-transport.ts';
export { ThrottledTransport, type ThrottledTransportOptions } from './throttled-transport.ts';
export type { ClusterAccess, ClusterTls, ExecPlugin, TlsFiles } from './kubeconfig/cluster-access.ts';
export {
  connectToCluster,
  findClusterAccess,
  loadInClusterAccess,
  type ClusterEnvironment,
  type ConnectOptions,
} from './kubeconfig/connect.ts';
export { loadKubeconfig, type KubeconfigOptions } from './kubeconfig/kubeconfig.ts';
export { EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
export { defaultElectionTimes, LeaderElector, type ElectionTimes, type LeaderElectorOptions } from './leases/leader-elector.ts';
