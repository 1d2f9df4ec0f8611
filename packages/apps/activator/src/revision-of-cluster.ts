/** What the configuration says about a revision: facts in its cluster's metadata, and its pods as endpoints. */
import { formatAddress } from '@sluice/kernel';
import type { ClusterConfig, RequestTimeouts } from '@sluice/proxy';

/** The key under which the config service puts facts about a revision into a cluster's metadata. */
const metadataKey = 'sluice.revision';

export interface RevisionFacts {
  /** 0 for no limit. */
  readonly containerConcurrency: number;
  readonly timeouts: RequestTimeouts;
  /** Empty when the revision belongs to none. */
  readonly service: string;
  readonly configuration: string;
  /** Only the kubelet can tell when a pod is ready: our own probes are not to be believed. */
  readonly readyByKubelet: boolean;
  /** By this name a mesh of others lets requests pass to a pod that is named by its address. Undefined: none stands there. */
  readonly passthroughHost: string | undefined;
}

/** Undefined for a cluster that is no revision. */
export function factsOf({ resource }: ClusterConfig): RevisionFacts | undefined {
  const facts = resource.metadata[metadataKey];
  if (!facts) return undefined;
  return {
    containerConcurrency: numberOf(facts['container_concurrency']),
    timeouts: {
      durationMs: numberOf(facts['timeout_seconds']) * 1000,
      responseStartMs: numberOf(facts['response_start_timeout_seconds']) * 1000,
      idleMs: numberOf(facts['idle_timeout_seconds']) * 1000,
    },
    service: textOf(facts['service']),
    configuration: textOf(facts['configuration']),
    readyByKubelet: facts['ready_by_kubelet'] === true,
    passthroughHost: textOf(facts['passthrough_host']) || undefined,
  };
}

export interface RevisionEndpoints {
  /** `host:port` of pods that Kubernetes calls ready. */
  readonly ready: readonly string[];
  /** Of pods that are there and not ready yet, or not any more. */
  readonly notReady: readonly string[];
  /** Addresses of the activators that share the pods, sorted; empty when this one is alone. */
  readonly activators: readonly string[];
  /** What may be called in place of pods; undefined where nothing may. */
  readonly service: RevisionService | undefined;
}

/** The Service that pods stand behind. */
export interface RevisionService {
  /** `host:port`. */
  readonly address: string;
  /** Whether pods are never called; else only where they turn out not to be reached. */
  readonly isAlways: boolean;
}

export function endpointsOf({ assignment }: ClusterConfig): RevisionEndpoints {
  const ready: string[] = [];
  const notReady: string[] = [];
  let activators: readonly string[] = [];
  let service: RevisionService | undefined;
  for (const { endpoints } of assignment?.localities ?? []) {
    for (const { address, healthStatus, metadata } of endpoints) {
      const sharers = metadata[metadataKey]?.['activators'];
      if (Array.isArray(sharers)) activators = sharers.filter((sharer) => typeof sharer === 'string');
      const role = metadata[metadataKey]?.['service'];
      if (role !== undefined) {
        service = { address: formatAddress(address), isAlways: role === 'always' };
        continue;
      }
      const isReady = healthStatus === 'HEALTHY' || healthStatus === 'UNKNOWN';
      (isReady ? ready : notReady).push(formatAddress(address));
    }
  }
  return { ready, notReady, activators, service };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}
