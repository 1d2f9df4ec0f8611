export type { ApiServer, ApiServerLimits, ApiServerOptions } from './api-server/api-server.ts';
export type { ApiBody, ApiRequest, ApiResponse, TextSink, TextStream } from './api-server/exchange.ts';
export type { PodLogs, PodLogsAnswer, PodLogsRequest } from './api-server/pod-logs.ts';
export type { Storage, StoredObject, StoredState } from './api-server/storage/storage.ts';
export { createMemoryStorage } from './api-server/storage/memory-storage.ts';
export { formatKubeconfig, writeKubeconfig } from './api-server/kubeconfig.ts';
