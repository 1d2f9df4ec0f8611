/** How many pods of a revision are ready, as the slices of its private Service say. */
import { serviceNameLabel, type EndpointSlice, type Store } from '@sluice/kubernetes';

/** Name of the index that finds slices by `namespace/service`. */
export const sliceIndex = 'service';

export function serviceKeysOf(slice: EndpointSlice): readonly string[] {
  const service = slice.metadata.labels?.[serviceNameLabel];
  return service ? [`${slice.metadata.namespace ?? ''}/${service}`] : [];
}

/** Counts addresses, each once: the same pod may stand in two slices while they are rearranged. */
export function countReadyPods(slices: Store<EndpointSlice>, serviceKey: string): number {
  const ready = new Set<string>();
  for (const slice of slices.byIndex(sliceIndex, serviceKey)) {
    for (const { addresses, conditions } of slice.endpoints) {
      const [address] = addresses;
      if (address !== undefined && conditions?.ready !== false) ready.add(address);
    }
  }
  return ready.size;
}
