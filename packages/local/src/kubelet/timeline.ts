/** The moments of a pod's start, for whoever explains a cold start. */

/**
 * `created`: the kubelet saw the pod. `started`: all its containers' processes were spawned. `ready`: its Ready
 * condition became true for the first time.
 */
export type TimelinePhase = 'created' | 'started' | 'ready';

export interface TimelineEvent {
  /** `namespace/name`. */
  readonly podKey: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: TimelinePhase;
  /** Milliseconds since the epoch, with a fraction. */
  readonly atMs: number;
}

export type TimelineListener = (event: TimelineEvent) => void;
