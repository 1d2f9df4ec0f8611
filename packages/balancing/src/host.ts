/**
 * An endpoint with a life: it is known by its address, survives updates that keep the address, and counts what is
 * under way on it.
 */
import { formatAddress, type Address } from '@sluice/kernel';
import type { Endpoint } from './endpoint.ts';

/** What a host is good for now. */
export type HostHealth = 'healthy' | 'degraded' | 'unhealthy';

export class Host {
  readonly address: Address;
  /** The address as text; two hosts of a set never share it. */
  readonly key: string;
  /** The result of picking this host: one object for all picks, so that picking makes no garbage. */
  readonly picked: HostPicked;
  #endpoint: Endpoint;
  #activeRequests = 0;
  #pickedTotal = 0;

  constructor(endpoint: Endpoint) {
    this.address = endpoint.address;
    this.key = formatAddress(endpoint.address);
    this.#endpoint = endpoint;
    this.picked = { kind: 'host', host: this, release: () => this.#release() };
  }

  /** As last described by the source. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get weight(): number {
    return this.#endpoint.weight;
  }

  get health(): HostHealth {
    const { health } = this.#endpoint;
    return health === 'draining' ? 'unhealthy' : health;
  }

  /** Requests picked for it and not yet released. */
  get activeRequests(): number {
    return this.#activeRequests;
  }

  /** Requests ever picked for it. */
  get pickedTotal(): number {
    return this.#pickedTotal;
  }

  /** Counts a request and gives the result to return from a pick. */
  pick(): HostPicked {
    this.#activeRequests += 1;
    this.#pickedTotal += 1;
    return this.picked;
  }

  /** Takes over a newer description. The address must be the same. */
  describe(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
  }

  #release(): void {
    if (this.#activeRequests === 0) throw new Error(`host ${this.key} was released more often than picked`);
    this.#activeRequests -= 1;
  }
}

/** A host was found. Whoever picked it calls `release` exactly once, when the stream has ended. */
export interface HostPicked {
  readonly kind: 'host';
  readonly host: Host;
  release(): void;
}
