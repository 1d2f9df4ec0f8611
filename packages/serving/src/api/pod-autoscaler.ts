/** A PodAutoscaler: what the autoscaler is asked for a Revision, and what it has made of it. */
import type { CommonStatus, ServingObject } from './object.ts';

export interface PodAutoscaler extends ServingObject {
  readonly spec: PodAutoscalerSpec;
  readonly status?: PodAutoscalerStatus;
}

export interface PodAutoscalerSpec {
  /** The most requests at once in one pod. 0 sets no limit. */
  readonly containerConcurrency?: number;
  readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly protocolType: Protocol;
  /** Whether a route sends traffic here. Empty: not known yet. */
  readonly reachability?: Reachability;
}

/** What the program speaks: HTTP/1.1, or HTTP/2 without TLS. */
export type Protocol = 'http1' | 'h2c';

export type Reachability = 'Reachable' | 'Unreachable' | '';

/**
 * Conditions: `Active`, `ScaleTargetInitialized` (never goes back once true) and `SKSReady` make up `Ready`.
 */
export interface PodAutoscalerStatus extends CommonStatus {
  /** The public Service's name. */
  readonly serviceName?: string;
  /** The private Service's name. */
  readonly metricsServiceName?: string;
  readonly desiredScale?: number;
  readonly actualScale?: number;
}
