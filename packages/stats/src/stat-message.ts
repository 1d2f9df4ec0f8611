/**
 * What pods and activators tell autoscalers, as values. The schema is Knative's:
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/stat.proto
 */

/** `Stat`: what one pod says of the revision it serves. A number that is absent on the wire is 0. */
export interface WireStat {
  readonly podName: string;
  /** Time-weighted mean of requests in flight over the pod's last report. */
  readonly averageConcurrentRequests: number;
  /** The part of it that came through an activator. */
  readonly averageProxiedConcurrentRequests: number;
  /** Requests per second. */
  readonly requestCount: number;
  /** The part of them that came through an activator. */
  readonly proxiedRequestCount: number;
  readonly processUptimeSeconds: number;
  /** Seconds since the Unix epoch; pods leave it 0, and the receiver's clock counts. */
  readonly timestampSeconds: number;
}

/** `WireStatMessage`: a stat with the revision that it speaks of. */
export interface StatMessage {
  readonly namespace: string;
  /** Name of the revision. */
  readonly name: string;
  readonly stat: WireStat;
}

/** A stat with nothing in it but its pod. */
export function emptyStat(podName: string): WireStat {
  return {
    podName,
    averageConcurrentRequests: 0,
    averageProxiedConcurrentRequests: 0,
    requestCount: 0,
    proxiedRequestCount: 0,
    processUptimeSeconds: 0,
    timestampSeconds: 0,
  };
}
