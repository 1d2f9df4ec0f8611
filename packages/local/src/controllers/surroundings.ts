/** What the built-in controllers share: the outside world, and the caches. */
import type { Lull } from '../lull/lull.ts';
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler, Informer, KubernetesClient, Pod, ReplicaSet, Service } from '@sluice/kubernetes';
import type { PodMetrics } from './horizontal/pod-metrics.ts';

export interface BuiltInControllerOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Statuses wait for its end. Absent: there is none. */
  readonly lull?: Pick<Lull, 'isOn' | 'whenOver'>;
  /** What autoscalers go by. Default: nothing is known of any pod. */
  readonly podMetrics?: PodMetrics;
}

/** The caches, which the controllers share. */
export interface BuiltInInformers {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
  readonly horizontalPodAutoscalers: Informer<HorizontalPodAutoscaler>;
}
