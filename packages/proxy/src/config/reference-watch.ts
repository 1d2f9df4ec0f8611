/** Tells what all that is held refers to in other sources, whenever that may have changed. */
import type { Cluster, Listener } from '@sluice/resources';
import type { ConfigResource, ConfigSnapshot } from './config-resource.ts';
import { sourceReferencesOfCluster, sourceReferencesOfListener, type SourceReference } from './source-references.ts';

export class ReferenceWatch {
  readonly #listeners: ((references: readonly SourceReference[]) => void)[] = [];
  /** Of each resource once: it does not change. */
  readonly #known = new WeakMap<ConfigResource<Cluster> | ConfigResource<Listener>, readonly SourceReference[]>();
  #seen: Pick<ConfigSnapshot, 'clusters' | 'listeners'> | undefined;
  #references: readonly SourceReference[] = [];

  add(listener: (references: readonly SourceReference[]) => void): void {
    this.#listeners.push(listener);
    listener(this.#references);
  }

  /** What is held now. Where neither clusters nor listeners are others, nothing is done. */
  see({ clusters, listeners }: ConfigSnapshot): void {
    if (this.#seen?.clusters === clusters && this.#seen.listeners === listeners) return;
    this.#seen = { clusters, listeners };
    this.#references = [
      ...[...clusters.values()].flatMap((cluster) => this.#of(cluster, sourceReferencesOfCluster)),
      ...[...listeners.values()].flatMap((listener) => this.#of(listener, sourceReferencesOfListener)),
    ];
    for (const listener of this.#listeners) listener(this.#references);
  }

  #of<T extends Cluster | Listener>(resource: ConfigResource<T>, read: (value: T) => readonly SourceReference[]): readonly SourceReference[] {
    const key = resource as ConfigResource<Cluster> | ConfigResource<Listener>;
    let references = this.#known.get(key);
    if (!references) this.#known.set(key, (references = read(resource.value)));
    return references;
  }
}
