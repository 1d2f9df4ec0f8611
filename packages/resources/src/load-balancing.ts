/** How a cluster chooses among its hosts, as decoded: a policy with its settings. */
import type { LbSubsetConfig } from './lb-subset-config.ts';
import type { ZoneAwareConfig } from './zone-aware.ts';
import type { SlowStartConfig } from './slow-start-config.ts';

export type LoadBalancingPolicy =
  | { readonly kind: 'ROUND_ROBIN'; readonly slowStart: SlowStartConfig | undefined }
  | {
      readonly kind: 'LEAST_REQUEST';
      /** How many hosts are drawn before the least busy of them is taken. Default 2, as Envoy. */
      readonly choiceCount: number;
      /** How strongly requests under way count against a host's weight, when weights differ. Default 1. */
      readonly activeRequestBias: number;
      readonly slowStart: SlowStartConfig | undefined;
    }
  | { readonly kind: 'RANDOM' }
  | {
      /** `ClientSideWeightedRoundRobin`: by what hosts report of their load. */
      readonly kind: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN';
      /** Default 10 000. */
      readonly blackoutMs: number;
      /** Default 180 000. */
      readonly expirationMs: number;
      /** Default 1000, at least 100. */
      readonly updatePeriodMs: number;
      /** Default 1. */
      readonly errorUtilizationPenalty: number;
      readonly metricNames: readonly string[];
      /** How often hosts are asked for reports apart from requests. Undefined: reports come with responses. */
      readonly reportPeriodMs?: number | undefined;
      readonly slowStart: SlowStartConfig | undefined;
    }
  /** The cluster's type says how. */
  | { readonly kind: 'CLUSTER_PROVIDED' }
  | {
      readonly kind: 'RING_HASH';
      /** Default 1024, as Envoy. */
      readonly minimumRingSize: number;
      /** Default 8 388 608, as Envoy. */
      readonly maximumRingSize: number;
      /** Hosts are placed by MurmurHash2 instead of xxHash. */
      readonly usesMurmur: boolean;
      /** Undefined leaves it to the cluster's common settings. */
      readonly hashing: ConsistentHashing | undefined;
    }
  | {
      readonly kind: 'MAGLEV';
      /** A prime. Default 65 537, as Envoy. */
      readonly tableSize: number;
      readonly hashing: ConsistentHashing | undefined;
    };

/** `ConsistentHashingLbConfig`: what ring hash and Maglev have in common. */
export interface ConsistentHashing {
  /** Hosts are hashed by their names instead of their addresses. */
  readonly useHostnameForHashing: boolean;
  /** Percent of the average load that a host may have; 0 is without bound. */
  readonly hashBalanceFactor: number;
}

/** A policy, and what comes before it. */
export interface LoadBalancing {
  readonly policy: LoadBalancingPolicy;
  /** A locality is chosen by its weight before a host is. */
  readonly weightsLocalities: boolean;
  /** What a typed policy says of zones, and `none` when it says nothing. Absent: the cluster's common settings count. */
  readonly zones?: ZoneAwareConfig | 'none' | undefined;
  /** Hosts are in subsets by their metadata. Undefined: they are all one. */
  readonly subsets: LbSubsetConfig | undefined;
}
