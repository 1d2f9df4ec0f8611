/** The messages of `sluice.load.v1.LoadService`, as values. `proto/sluice/load/v1/load.proto` says what each field means. */

export type LoadSource = 'SIDECAR' | 'ACTIVATOR';

/** What one pod saw of one revision since its report before. */
export interface RevisionLoad {
  readonly namespace: string;
  readonly revision: string;
  /** The pod that reports: the revision's own for SIDECAR, the activator's for ACTIVATOR. */
  readonly podName: string;
  readonly source: LoadSource;
  /** Time-weighted mean of requests in flight. */
  readonly averageConcurrentRequests: number;
  /** The part of it that came through an activator, which counted it too. */
  readonly averageProxiedConcurrentRequests: number;
  readonly requestCount: number;
  readonly proxiedRequestCount: number;
  /** In flight at the moment of the report. */
  readonly requestsInProgress: number;
  /** The time the means cover, in ms; 0 for a report sent ahead of its time, whose means are of that moment. */
  readonly intervalMs: number;
  /** When the config service received the report: ms since the epoch. */
  readonly receivedAt: number;
  /** Of the request that woke the revision, in the report after its answer began. */
  readonly coldStart?: ColdStartLoad;
}

/** How long whoever woke a revision waited. In ms. */
export interface ColdStartLoad {
  /** From its arrival until a pod could take it. */
  readonly waitMs: number;
  /** From there to the head of the response. */
  readonly firstByteMs: number;
}

/** `StreamLoadRequest`: autoscaler to config service. */
export interface StreamLoadRequest {
  /** Who asks, for logs and status. */
  readonly subscriber: string;
  /** Only these namespaces. Empty means all. */
  readonly namespaces: readonly string[];
}

/** `StreamLoadResponse`: config service to autoscaler. */
export interface StreamLoadResponse {
  readonly loads: readonly RevisionLoad[];
}
