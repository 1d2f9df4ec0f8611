/** Which resource serves a kind, asked of the server itself, as kubectl does. */
import { isNotFound, type KubernetesClient, type ResourceKind } from '@sluice/kubernetes';

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Remembers what it has been told: kinds do not move while a server runs. */
export class Discovery {
  readonly #client: KubernetesClient;
  readonly #kinds = new Map<string, ResourceKind>();

  constructor(client: KubernetesClient) {
    this.#client = client;
  }

  /** Undefined when the server knows no such kind. */
  async find(apiVersion: string, kind: string): Promise<ResourceKind | undefined> {
    const key = `${apiVersion} ${kind}`;
    const known = this.#kinds.get(key);
    if (known) return known;
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    const found = (await this.#resources(group, version)).find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (!found) return undefined;
    const resource: ResourceKind = { group, version, kind, plural: found.name, namespaced: found.namespaced };
    this.#kinds.set(key, resource);
    return resource;
  }

  async #resources(group: string, version: string): Promise<NonNullable<ResourceList['resources']>> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      return ((await this.#client.json({ method: 'GET', path })) as ResourceList).resources ?? [];
    } catch (reason) {
      // An unknown group answers 404: then it has no kinds. Anything else must be heard of.
      if (!isNotFound(reason)) throw reason;
      return [];
    }
  }
}
