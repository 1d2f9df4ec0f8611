/** The pods of a revision that are ready, as the slices of its private Service say. */
import { serviceNameLabel, type EndpointSlice, type Store } from '@sluice/kubernetes';

/** Name of the index that finds slices by `namespace/service`. */
export const sliceIndex = 'service';

export interface ReadyPod {
  readonly address: string;
  /** Absent where a slice does not say. */
  readonly podName: string | undefined;
  /** Where it answers scrapes. */
  readonly metricsPort: number | undefined;
}

/** How many pods are in which state. */
export interface PodCounts {
  readonly ready: number;
  readonly notReady: number;
  readonly terminating: number;
}

export function serviceKeysOf(slice: EndpointSlice): readonly string[] {
  const service = slice.metadata.labels?.[serviceNameLabel];
  return service ? [`${slice.metadata.namespace ?? ''}/${service}`] : [];
}

/** Counts addresses, each once: the same pod may stand in two slices while they are rearranged. */
export function countReadyPods(slices: Store<EndpointSlice>, serviceKey: string): number {
  return listReadyPods(slices, serviceKey).length;
}

/** Each address once. */
export function listReadyPods(slices: Store<EndpointSlice>, serviceKey: string): readonly ReadyPod[] {
  const ready = new Map<string, ReadyPod>();
  for (const slice of slices.byIndex(sliceIndex, serviceKey)) {
    const metricsPort = slice.ports?.find(({ name }) => name === 'http-autometric')?.port;
    for (const { addresses, conditions, targetRef } of slice.endpoints) {
      const [address] = addresses;
      if (address === undefined || conditions?.ready === false) continue;
      ready.set(address, { address, podName: targetRef?.name, metricsPort });
    }
  }
  return [...ready.values()];
}

/** By address; one that ends is neither ready nor unready. */
export function countPods(slices: Store<EndpointSlice>, serviceKey: string): PodCounts {
  const states = new Map<string, keyof PodCounts>();
  for (const { endpoints } of slices.byIndex(sliceIndex, serviceKey)) {
    for (const { addresses, conditions } of endpoints) {
      const [address] = addresses;
      if (address === undefined) continue;
      if (conditions?.ready !== false) states.set(address, 'ready');
      else if (states.get(address) !== 'ready') states.set(address, conditions.terminating === true ? 'terminating' : 'notReady');
    }
  }
  const count = (state: keyof PodCounts) => [...states.values()].filter((found) => found === state).length;
  return { ready: count('ready'), notReady: count('notReady'), terminating: count('terminating') };
}
