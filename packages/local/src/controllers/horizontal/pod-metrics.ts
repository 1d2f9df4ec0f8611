/** What is known of the load of pods: the part of metrics-server, and of an adapter for metrics of the user's own. */
import type { Pod } from '@sluice/kubernetes';

export interface ContainerUsage {
  readonly container: string;
  /** In cores, over the time since it was last asked. */
  readonly cpu: number;
  /** In bytes. */
  readonly memory: number;
}

export interface PodMetrics {
  /**
   * What the containers of each pod use, by the pod's uid. A pod is not in it while nothing is known: of cpu that takes two looks. Looks at the pods, so
   * it is asked once for each sync.
   */
  usage(pods: readonly Pod[]): Promise<ReadonlyMap<string, readonly ContainerUsage[]>>;
  /** A metric that the pods themselves give, by the pod's uid; a pod that gives none is not in it. */
  values(pods: readonly Pod[], metric: string): Promise<ReadonlyMap<string, number>>;
}

/** Nothing is known of any pod, as on a cluster without metrics-server. */
export const noPodMetrics: PodMetrics = { usage: async () => new Map(), values: async () => new Map() };
