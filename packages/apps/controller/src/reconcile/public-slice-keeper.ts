/** Keeps the EndpointSlices of a revision's public Service: its pods, or the activators before them. */
import { endpointSlices, objectKey, type EndpointSlice, type KubernetesClient, type Service as CoreService } from '@sluice/kubernetes';
import { makePublicSlices, privateServiceName, sliceManager, type ServerlessService } from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { Writer } from '../writer.ts';

export interface PublicSliceKeeperOptions {
  readonly client: KubernetesClient;
  readonly caches: Pick<Caches, 'endpointSlices'>;
  readonly writer: Writer;
  /** `namespace/name` of the Service in front of the activators. */
  readonly activatorService: string;
}

export class PublicSliceKeeper {
  readonly #options: PublicSliceKeeperOptions;

  constructor(options: PublicSliceKeeperOptions) {
    this.#options = options;
  }

  /** @param service the public one as it is stored */
  async keep(sks: ServerlessService, service: CoreService): Promise<void> {
    const { client, caches, writer, activatorService } = this.#options;
    const { store } = caches.endpointSlices;
    const { namespace, name } = sks.metadata;
    const wanted = makePublicSlices(service, {
      sks,
      pods: store.byIndex(index.service, inNamespace(namespace, privateServiceName(name))),
      activators: store.byIndex(index.service, activatorService),
    }) as EndpointSlice[];
    await Promise.all(
      wanted.map((desired) =>
        writer.ensure<EndpointSlice>({ kind: endpointSlices, owner: service, desired, actual: store.get(objectKey(desired)), whenTaken: 'later', merge: (actual) => ({ ...actual, endpoints: desired.endpoints, ports: desired.ports ?? [] }) }),
      ),
    );
    // After the writes: an address that moves from one slice to another is never in none.
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    const surplus = store.byIndex(index.service, inNamespace(namespace, name)).filter(({ metadata }) => metadata.labels?.[sliceManager.label] === sliceManager.name && !names.has(metadata.name));
    await Promise.all(surplus.map(({ metadata }) => client.resource(endpointSlices).delete(metadata)));
  }
}
