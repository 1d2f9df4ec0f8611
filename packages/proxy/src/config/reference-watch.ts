/** Tells what all that is held refers to in other sources, whenever that may have changed. */
import type { Cluster, Listener, RouteConfiguration } from '@sluice/resources';
import type { ConfigResource, ConfigSnapshot } from './config-resource.ts';
import { sourceReferencesOfCluster, sourceReferencesOfListener, sourceReferencesOfRoutes, type SourceReference } from './source-references.ts';

export class ReferenceWatch {
  readonly #listeners: ((references: readonly SourceReference[]) => void)[] = [];
  /** Of each resource once: it does not change. */
  readonly #known = new WeakMap<ConfigResource<unknown>, readonly SourceReference[]>();
  #seen: Pick<ConfigSnapshot, 'clusters' | 'listeners' | 'routes'> | undefined;
  #references: readonly SourceReference[] = [];

  add(listener: (references: readonly SourceReference[]) => void): void {
    this.#listeners.push(listener);
    listener(this.#references);
  }

  /** What is held now. Where neither clusters nor listeners nor tables are others, nothing is done. */
  see({ clusters, listeners, routes }: ConfigSnapshot): void {
    if (this.#seen?.clusters === clusters && this.#seen.listeners === listeners && this.#seen.routes === routes) return;
    this.#seen = { clusters, listeners, routes };
    this.#references = [
      ...[...clusters.values()].flatMap((cluster) => this.#of(cluster, sourceReferencesOfCluster)),
      ...[...listeners.values()].flatMap((listener) => this.#of(listener, sourceReferencesOfListener)),
      ...[...routes.values()].flatMap((table) => this.#of(table, sourceReferencesOfRoutes)),
    ];
    for (const listener of this.#listeners) listener(this.#references);
  }

  #of<T extends Cluster | Listener | RouteConfiguration>(resource: ConfigResource<T>, read: (value: T) => readonly SourceReference[]): readonly SourceReference[] {
    let references = this.#known.get(resource);
    if (!references) this.#known.set(resource, (references = read(resource.value)));
    return references;
  }
}
