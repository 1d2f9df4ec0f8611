/** The names of the clusters in a snapshot, as one and the same list for as long as these clusters are the same. */
import { typeUrls, type ResourceSet, type Snapshot } from '@sluice/xds';

const none: readonly string[] = [];

export class ClusterNames {
  readonly #known = new WeakMap<ResourceSet, readonly string[]>();

  of(snapshot: Snapshot | undefined): readonly string[] {
    const clusters = snapshot?.types.get(typeUrls.cluster);
    if (!clusters) return none;
    let names = this.#known.get(clusters);
    if (!names) this.#known.set(clusters, (names = [...clusters.resources.keys()].toSorted()));
    return names;
  }
}
