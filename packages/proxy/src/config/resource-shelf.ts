/**
 * The resources of one kind, by name. Gives unchanging copies of itself, a new one only after a change, and keeps a
 * fingerprint of its content up to date, so that neither costs more than what has changed.
 */
import type { ConfigResource } from './config-resource.ts';
import type { Fingerprint } from './fingerprint.ts';

export class ResourceShelf<T> {
  readonly #resources = new Map<string, ConfigResource<T>>();
  readonly #fingerprint: Fingerprint;
  #copy: ReadonlyMap<string, ConfigResource<T>> | undefined;

  /** `fingerprint` may be shared with other shelves. */
  constructor(fingerprint: Fingerprint) {
    this.#fingerprint = fingerprint;
  }

  get(name: string): ConfigResource<T> | undefined {
    return this.#resources.get(name);
  }

  has(name: string): boolean {
    return this.#resources.has(name);
  }

  set(resource: ConfigResource<T>): void {
    const before = this.#resources.get(resource.name);
    if (before) this.#fingerprint.remove(contentOf(before));
    this.#fingerprint.add(contentOf(resource));
    this.#resources.set(resource.name, resource);
    this.#copy = undefined;
  }

  delete(name: string): void {
    const before = this.#resources.get(name);
    if (!before) return;
    this.#fingerprint.remove(contentOf(before));
    this.#resources.delete(name);
    this.#copy = undefined;
  }

  /** As of now. The same map as long as nothing changes. */
  copy(): ReadonlyMap<string, ConfigResource<T>> {
    this.#copy ??= new Map(this.#resources);
    return this.#copy;
  }
}

function contentOf({ typeUrl, name, version }: ConfigResource<unknown>): string {
  return `${typeUrl} ${name} ${version}`;
}
