/** Gives Services of type LoadBalancer an address, as a cloud does. It is theirs until they end. */
import type { Logger } from '@sluice/kernel';
import { isConflict, isNotFound, services, type Informer, type KubernetesClient, type Service } from '@sluice/kubernetes';
import { externalAddress } from './addresses.ts';

export interface ExternalAddressesOptions {
  readonly client: KubernetesClient;
  readonly services: Informer<Service>;
  readonly logger: Logger;
}

export class ExternalAddresses {
  readonly #options: ExternalAddressesOptions;
  readonly #given = new Map<string, number>();
  #stopHearing: (() => void) | undefined;

  constructor(options: ExternalAddressesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopHearing = this.#options.services.subscribe(({ kind, object }) => {
      if (kind === 'deleted') this.#given.delete(object.metadata.uid ?? '');
      else if (object.spec.type === 'LoadBalancer') this.#give(object);
    });
  }

  stop(): void {
    this.#stopHearing?.();
  }

  #give(service: Service): void {
    const { uid = '' } = service.metadata;
    const had = this.#given.get(uid);
    const number = had ?? this.#free();
    this.#given.set(uid, number);
    const ingress = [{ ip: externalAddress(number), ipMode: 'VIP' }];
    if (JSON.stringify((service.status?.loadBalancer as { ingress?: unknown } | undefined)?.ingress ?? []) === JSON.stringify(ingress)) return;
    void this.#options.client
      .resource(services)
      .patchStatus(service.metadata, { loadBalancer: { ingress } })
      .catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) this.#options.logger.warn('load balancer not told', { service: service.metadata.name, error });
      });
  }

  #free(): number {
    const used = new Set(this.#given.values());
    let number = 1;
    while (used.has(number)) number += 1;
    return number;
  }
}
