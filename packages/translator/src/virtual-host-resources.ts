/** The virtual hosts of one table, each a resource of its own under the name by which it is discovered. */
import { typeUrls } from '@sluice/resources';

import type { GroupResources } from './group-resources.ts';
import { virtualHostResourceName } from './names.ts';
import type { JsonObject } from './resource.ts';

export class VirtualHostResources {
  readonly #table: string;
  readonly #group: GroupResources;
  /** By route, the resource that it has. */
  readonly #names = new Map<string, string>();

  constructor(table: string, group: GroupResources) {
    this.#table = table;
    this.#group = group;
  }

  /** Puts in the host of a route, or takes it out where it has none. */
  set(route: string, value: JsonObject | undefined): void {
    const name = value && virtualHostResourceName(this.#table, (value['domains'] as readonly string[])[0] ?? '');
    const before = this.#names.get(route);
    // Another route may have taken the name over by now: what it has put there is its own.
    if (before !== undefined && before !== name && this.#nameInside(before) === route) this.#group.remove({ typeUrl: typeUrls.virtualHost, name: before });
    if (!value || name === undefined) {
      this.#names.delete(route);
      return;
    }
    this.#names.set(route, name);
    this.#group.put({ typeUrl: typeUrls.virtualHost, name, value });
  }

  #nameInside(resource: string): unknown {
    return this.#group.get(typeUrls.virtualHost, resource)?.['name'];
  }
}
