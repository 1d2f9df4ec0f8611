/** Service with a selector → EndpointSlices with the addresses and ports of its pods, at once. */
import {
  Controller,
  endpointSlices,
  isAlreadyExists,
  objectKey,
  serviceNameLabel,
  type EndpointSlice,
  type Informer,
  type Pod,
  type Service,
} from '@sluice/kubernetes';
import { matchesSelector } from '../../objects/label-selector.ts';
import type { BuiltInControllerOptions, BuiltInInformers } from '../surroundings.ts';
import { byNamespace } from '../indexes.ts';
import { isSameContent } from '../safe-name.ts';
import { managedByLabel, managedByValue, slicesOf } from './slices.ts';

export class EndpointSliceController {
  readonly #options: BuiltInControllerOptions;
  readonly #informers: BuiltInInformers;
  readonly #controller: Controller;

  constructor(options: BuiltInControllerOptions, informers: BuiltInInformers) {
    this.#options = options;
    this.#informers = informers;
    const { services, pods, endpointSlices: slices } = informers;
    this.#controller = new Controller({
      ...options,
      name: 'endpoint-slice',
      informers: [services, pods, slices],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#controller.follow(services);
    this.#controller.follow(pods, (pod) => this.#servicesOf(pod));
    this.#controller.follow(slices, serviceKeyOf);
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #servicesOf(pod: Pod): string[] {
    // It can be in no slice yet, and whoever starts it is not to wait for that to be found out.
    if (pod.status?.podIP === undefined) return [];
    const services = this.#informers.services.store.byIndex(byNamespace, pod.metadata.namespace ?? '');
    return services.filter((service) => selects(service, pod)).map(objectKey);
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#informers.services.store.get(key);
    // Slices of a Service that is gone go with their owner.
    if (!service || service.metadata.deletionTimestamp !== undefined) return;
    const { namespace = '' } = service.metadata;
    const existing = ownSlices(this.#informers.endpointSlices, key, namespace);
    const wanted = hasSelector(service) ? slicesOf(service, this.#podsOf(service, namespace)) : [];
    await Promise.all(wanted.map((slice) => this.#write(slice, existing.get(slice.metadata.name))));
    const surplus = [...existing.values()].filter(({ metadata }) => !wanted.some((slice) => slice.metadata.name === metadata.name));
    // After the writes: an address that moves from one slice to another is never in none.
    await Promise.all(surplus.map((slice) => this.#options.client.resource(endpointSlices).delete(slice.metadata)));
  }

  #podsOf(service: Service, namespace: string): Pod[] {
    return this.#informers.pods.store.byIndex(byNamespace, namespace).filter((pod) => selects(service, pod));
  }

  async #write(wanted: EndpointSlice, existing: EndpointSlice | undefined): Promise<void> {
    const client = this.#options.client.resource(endpointSlices);
    const { endpoints, ports, metadata } = wanted;
    if (!existing) {
      try {
        await client.create(wanted);
        return;
      } catch (reason) {
        // The cache is late: the name is ours, so what is there is an older state of the same slice.
        if (!isAlreadyExists(reason)) throw reason;
      }
    }
    if (existing && isSameContent(contentOf(existing), contentOf(wanted))) return;
    await client.patch(metadata, { type: 'merge', body: { metadata: { labels: metadata.labels }, endpoints, ports } });
  }
}

function hasSelector({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0;
}

function selects(service: Service, pod: Pod): boolean {
  return hasSelector(service) && matchesSelector({ matchLabels: service.spec.selector ?? {} }, pod.metadata.labels);
}

function serviceKeyOf({ metadata }: EndpointSlice): string[] {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined || metadata.labels?.[managedByLabel] !== managedByValue ? [] : [`${metadata.namespace ?? ''}/${name}`];
}

function ownSlices(informer: Informer<EndpointSlice>, serviceKey: string, namespace: string): Map<string, EndpointSlice> {
  const own = informer.store.byIndex(byNamespace, namespace).filter((slice) => serviceKeyOf(slice).includes(serviceKey));
  return new Map(own.map((slice) => [slice.metadata.name, slice]));
}

function contentOf({ endpoints, ports, metadata }: EndpointSlice): readonly unknown[] {
  return [endpoints ?? [], ports ?? [], metadata.labels ?? {}];
}
