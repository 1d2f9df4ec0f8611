export { createApiServer, type ApiServer, type ApiServerLimits, type ApiServerOptions } from './api-server/api-server.ts';
export type { ApiBody, ApiRequest, ApiResponse, TextSink, TextStream } from './api-server/exchange.ts';
export { serveApiServer, type ServeOptions, type ServedApiServer } from './api-server/http-server.ts';
export { createInProcessTransport } from './api-server/in-process-transport.ts';
export { formatKubeconfig, writeKubeconfig } from './api-server/kubeconfig.ts';
export type { PodLogs, PodLogsAnswer, PodLogsRequest } from './api-server/pod-logs.ts';
export { openFileStorage, type FileStorageOptions } from './api-server/storage/file-storage.ts';
export { createMemoryStorage } from './api-server/storage/memory-storage.ts';
export type { Storage, StoredObject, StoredState } from './api-server/storage/storage.ts';
