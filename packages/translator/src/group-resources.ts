/** What one node group has, and what became different since somebody last asked. */
import type { JsonObject, TranslatedResource } from './resource.ts';

export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}

export interface ResourceChange {
  /** New, or with other content. */
  readonly changed: readonly TranslatedResource[];
  readonly removed: readonly ResourceName[];
}

interface Held {
  readonly resource: TranslatedResource;
  readonly text: string;
}

export class GroupResources {
  readonly #types = new Map<string, Map<string, Held>>();
  /** By type and name: what is different. */
  readonly #touched = new Map<string, ResourceName>();

  put(resource: TranslatedResource): void {
    const text = JSON.stringify(resource.value);
    const held = this.#ofType(resource.typeUrl);
    if (held.get(resource.name)?.text === text) return;
    held.set(resource.name, { resource, text });
    this.#touch(resource);
  }

  remove(name: ResourceName): void {
    if (this.#types.get(name.typeUrl)?.delete(name.name)) this.#touch(name);
  }

  /** Puts in, or takes out where there is none. */
  set(name: ResourceName, resource: TranslatedResource | undefined): void {
    if (resource) this.put(resource);
    else this.remove(name);
  }

  has(typeUrl: string, name: string): boolean {
    return this.#types.get(typeUrl)?.has(name) ?? false;
  }

  names(typeUrl: string): string[] {
    return [...(this.#types.get(typeUrl)?.keys() ?? [])];
  }

  get(typeUrl: string, name: string): JsonObject | undefined {
    return this.#types.get(typeUrl)?.get(name)?.resource.value;
  }

  take(): ResourceChange {
    const changed: TranslatedResource[] = [];
    const removed: ResourceName[] = [];
    for (const { typeUrl, name } of this.#touched.values()) {
      const held = this.#types.get(typeUrl)?.get(name);
      if (held) changed.push(held.resource);
      else removed.push({ typeUrl, name });
    }
    this.#touched.clear();
    return { changed, removed };
  }

  /** By type in the order of `types`, then by name. */
  all(types: readonly string[]): readonly TranslatedResource[] {
    return types.flatMap((typeUrl) => this.names(typeUrl).sort().flatMap((name) => this.#types.get(typeUrl)?.get(name)?.resource ?? []));
  }

  #ofType(typeUrl: string): Map<string, Held> {
    let held = this.#types.get(typeUrl);
    if (!held) this.#types.set(typeUrl, (held = new Map()));
    return held;
  }

  #touch({ typeUrl, name }: ResourceName): void {
    this.#touched.set(`${typeUrl} ${name}`, { typeUrl, name });
  }
}
