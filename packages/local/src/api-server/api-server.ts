/**
 * The embedded API server: Kubernetes' HTTP API over one map of objects. `handle` is the whole of it;
 * sockets are added by `serveApiServer`.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import type { PodLogs } from './pod-logs.ts';
import type { Storage } from './storage/storage.ts';

export interface ApiServerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** For uids and generated names: two runs of one seed give identical objects. */
  readonly random: Random;
  readonly storage: Storage;
  readonly logger: Logger;
  /** Absent: logs of a pod are refused with a clear message. May also be given later by `setPodLogs`. */
  readonly podLogs?: PodLogs;
  readonly limits?: Partial<ApiServerLimits>;
}

export interface ApiServerLimits {
  /** How many past changes a watch may go back before it is told 410 Expired. Default 10 000 (chosen: minutes of a busy mesh). */
  readonly historyEventsMax: number;
  /** How often a watch that allows bookmarks gets one, in ms. Default 60 000, as kube-apiserver. */
  readonly bookmarkPeriodMs: number;
  /** The largest request body, in bytes. Default 3 MiB, as kube-apiserver. */
  readonly bodyBytesMax: number;
}

export interface ApiServer {
  /** Answers one request. Never rejects: what goes wrong is a Status object with its code. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Sets who answers for logs, for a kubelet that is made after the server. */
  setPodLogs(podLogs: PodLogs): void;
  /** Ends every watch, stops background work, closes the storage. Requests afterwards are answered with 503. */
  stop(): void;
}
