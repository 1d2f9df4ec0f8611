/**
 * Objects of any kind that say at which address they answer (`status.address.url`). A kind is followed once a DomainMapping has named one
 * of its objects: which kinds there are is the cluster's affair.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { ApiError, Informer, isNotFound, type KubernetesClient, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { resourceOf, type Addressable, type FoundReference } from '@sluice/serving';
import { inNamespace } from './caches.ts';

type AddressableObject = KubernetesObject & Addressable;

export interface AddressablesOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** One of those that were asked for may be another now. */
  readonly onChange: (object: KubernetesObject) => void;
}

export class Addressables {
  readonly #options: AddressablesOptions;
  readonly #followed = new Map<string, Informer<AddressableObject>>();

  constructor(options: AddressablesOptions) {
    this.#options = options;
  }

  /** @param ref complete: `apiVersion`, `kind` and `name` are there */
  async find(ref: { readonly apiVersion: string; readonly kind: string; readonly name: string }, namespace: string): Promise<FoundReference> {
    const resource: ResourceKind<AddressableObject> = { ...resourceOf(ref), kind: ref.kind, namespaced: true };
    const informer = this.#followed.get(keyOf(resource));
    if (informer?.hasSynced) {
      const object = informer.store.get(inNamespace(namespace, ref.name));
      return object ? { kind: 'found', object } : { kind: 'missing' };
    }
    const found = await this.#get(resource, namespace, ref.name);
    // What cannot be read cannot be followed either: it is asked for again when somebody needs it again.
    if (!informer && found.kind !== 'unreadable') this.#follow(resource);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#followed.values()].map((informer) => informer.stop()));
  }

  async #get(resource: ResourceKind<AddressableObject>, namespace: string, name: string): Promise<FoundReference> {
    try {
      return { kind: 'found', object: await this.#options.client.resource(resource).get({ namespace, name }) };
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      const { statusMessage } = reason;
      return isNotFound(reason) && statusMessage.endsWith(`"${name}" not found`) ? { kind: 'missing' } : { kind: 'unreadable', why: statusMessage };
    }
  }

  #follow(resource: ResourceKind<AddressableObject>): void {
    const { onChange, ...base } = this.#options;
    const informer = new Informer<AddressableObject>({ ...base, kind: resource, transform: onlyAddress });
    informer.subscribe(({ object }) => onChange(object));
    this.#followed.set(keyOf(resource), informer);
    informer.start();
  }
}

function keyOf({ group, version, plural }: ResourceKind): string {
  return `${group}/${version}/${plural}`;
}

function onlyAddress({ apiVersion, kind, metadata, status }: AddressableObject): AddressableObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { address, addresses } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    status: { ...(address === undefined ? {} : { address }), ...(addresses === undefined ? {} : { addresses }) },
  };
}
