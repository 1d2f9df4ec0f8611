export { createApiServer, type ApiServer, type ApiServerOptions } from './api-server/api-server.ts';
export { createHttpsWebhookCaller } from './api-server/admission/https-webhook-caller.ts';
export type { WebhookAnswer, WebhookCall, WebhookCaller } from './api-server/admission/webhook-caller.ts';
export type { UserInfo } from './api-server/request/user.ts';
export type { AccessOptions } from './api-server/access/access.ts';
export type { Attributes, Decision } from './api-server/access/rules.ts';
export { FaultSwitches, withFaults, type Fault } from './api-server/faults/fault-switches.ts';
export type { ApiServerLimits } from './api-server/limits.ts';
export type { ApiBody, ApiRequest, ApiResponse, TextSink, TextStream } from './api-server/exchange.ts';
export { serveApiServer, type ServeOptions, type ServedApiServer } from './api-server/http-server.ts';
export { createInProcessTransport } from './api-server/in-process-transport.ts';
export { formatKubeconfig, writeKubeconfig } from './api-server/kubeconfig.ts';
export type { PodLogs, PodLogsAnswer, PodLogsRequest } from './api-server/pod-logs.ts';
export { lockFile, type FileLock } from './api-server/storage/file-lock.ts';
export { openFileStorage, type FileStorageOptions } from './api-server/storage/file-storage.ts';
export { createMemoryStorage } from './api-server/storage/memory-storage.ts';
export type { Storage, StoredObject, StoredState } from './api-server/storage/storage.ts';
export { Kubelet, type KubeletOptions } from './kubelet/kubelet.ts';
export { createSystemKubelet, type SystemKubelet, type SystemKubeletOptions } from './kubelet/system-kubelet.ts';
export type { NodeFacts } from './kubelet/node.ts';
export { Lull } from './lull/lull.ts';
export type { Patience } from './api-server/patience.ts';
export type { TimelineEvent, TimelineListener, TimelinePhase } from './kubelet/timeline.ts';
export type {
  ProcessExit,
  ProcessHandler,
  ProcessIdentity,
  ProcessRunner,
  ProcessSignal,
  ProcessSpec,
  RunningProcess,
} from './kubelet/process-runner.ts';
export type { AddressMode, PortAllocator } from './kubelet/port-allocator.ts';
export type {
  GrpcProbeRequest,
  HttpProbeRequest,
  ProbeRequest,
  ProbeResult,
  ProbeTransport,
} from './kubelet/probe-transport.ts';
export type { LogKey, LogStore, StoredLog } from './kubelet/log-store.ts';
export { createPodLogs } from './kubelet/pod-logs.ts';
export { isolatedCondition, listensOnPortCondition } from './kubelet/pod-status.ts';
export { isolationAnnotation } from './kubelet/isolation/isolation-plan.ts';
export type { IsolationSupport, NetworkIsolation, RelayedPort, Sandbox, SandboxOptions, SocketAddress } from './kubelet/isolation/network-isolation.ts';
export { nicenessAnnotation, realPort, realPortsAnnotation } from './objects/pod-facts.ts';
export { createBuiltInControllers, type BuiltInControllers } from './controllers/built-in-controllers.ts';
export { SystemPodMetrics, type SystemPodMetricsOptions } from './controllers/horizontal/system-pod-metrics.ts';
export type { BuiltInControllerOptions } from './controllers/surroundings.ts';
export type { ImageProgram, ImagePrograms } from './kubelet/sandbox/image-programs.ts';
export { nodeAddress } from './network/addresses.ts';
export { NodeNetwork } from './network/node-network.ts';
export { ServiceRoutes } from './network/service-routes.ts';
export { ExternalAddresses } from './network/external-addresses.ts';
export { DnsServer } from './network/dns-server.ts';
export { lookUp } from './network/cluster-names.ts';
