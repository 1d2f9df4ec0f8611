/**
 * The resources of one kind, by name. Gives unchanging copies of itself, a new one only after a change, and keeps a
 * fingerprint of its content up to date, so that neither costs more than what has changed.
 */
import { LayeredMap } from '../layered-map.ts';
import type { ConfigResource } from './config-resource.ts';
import type { Fingerprint } from './fingerprint.ts';

export class ResourceShelf<T> {
  readonly #fingerprint: Fingerprint;
  #copy: LayeredMap<ConfigResource<T>> = LayeredMap.empty();
  /** What has changed since the last copy. */
  readonly #changes = new Map<string, ConfigResource<T> | undefined>();

  /** `fingerprint` may be shared with other shelves. */
  constructor(fingerprint: Fingerprint) {
    this.#fingerprint = fingerprint;
  }

  get(name: string): ConfigResource<T> | undefined {
    return this.#changes.get(name) ?? (this.#changes.has(name) ? undefined : this.#copy.get(name));
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(resource: ConfigResource<T>): void {
    const before = this.get(resource.name);
    if (before) this.#fingerprint.remove(contentOf(before));
    this.#fingerprint.add(contentOf(resource));
    this.#changes.set(resource.name, resource);
  }

  delete(name: string): void {
    const before = this.get(name);
    if (!before) return;
    this.#fingerprint.remove(contentOf(before));
    this.#changes.set(name, undefined);
  }

  /** As of now. The same map as long as nothing changes. */
  copy(): LayeredMap<ConfigResource<T>> {
    if (this.#changes.size > 0) {
      this.#copy = this.#copy.with(this.#changes);
      this.#changes.clear();
    }
    return this.#copy;
  }
}

function contentOf({ typeUrl, name, version }: ConfigResource<unknown>): string {
  return `${typeUrl} ${name} ${version}`;
}
