/** What went through a cluster between two moments, as load servers want to know it. Plain data. */
import type { EndpointLocality } from '@sluice/balancing';
import type { Address } from '@sluice/kernel';
import type { MetricSums } from './reported-metrics.ts';

export interface ClusterLoad {
  readonly name: string;
  /** The name its endpoints go by, where that is another. */
  readonly serviceName: string | undefined;
  /** Since it was asked for before, in ms. */
  readonly elapsedMs: number;
  /** Requests refused before a host was asked: by limits, and because the control plane wanted fewer. */
  readonly dropped: number;
  /** The second of them, by the category of `drop_overloads`. */
  readonly droppedByCategory: Readonly<Record<string, number>>;
  /** Those with something to say. */
  readonly hosts: readonly HostLoad[];
}

export interface HostLoad {
  readonly address: Address;
  readonly locality: EndpointLocality;
  readonly priority: number;
  /** Requests that it was picked for. */
  readonly issued: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Now, those included that wait for a connection. */
  readonly inProgress: number;
  /** ∫ requests under way dt, in ms. */
  readonly busyMs: number;
  /** Of what it reports itself, as far as the cluster says that it is passed on. */
  readonly metrics: MetricSums;
}

/** Whose load is asked for. */
export interface LoadQuery {
  /** Clusters whose reports go to this server (`serverKeyOf`); empty for those that do not say. */
  readonly server: string;
  /** Only these of them. Default all. */
  readonly names?: readonly string[] | undefined;
}
