/**
 * An endpoint with a life: it is known by its address (or by its key, where the address may change), survives updates
 * that keep it, and counts what is under way on it.
 */
import { formatAddress, type Address } from '@sluice/kernel';
import type { Endpoint, EndpointHealth } from './endpoint.ts';

/** What a host is good for now. */
export type HostHealth = 'healthy' | 'degraded' | 'unhealthy';

/** What was observed of a host here, on top of what its source says. The words are Envoy's, as `/clusters` shows them. */
export type HostFlag =
  /** Active checks say that it is not well; also until the first has come back. */
  | 'failed_active_hc'
  /** Active checks were answered, with the remark that it is not at its best. */
  | 'degraded_active_hc'
  /** No check has come back yet, and until one does the host does not count at all. */
  | 'pending_active_hc'
  /** The last check had no answer in time. */
  | 'active_hc_timeout'
  /** A host has said of itself, in a response, that it wants no requests; until a check says otherwise it does not count at all. */
  | 'excluded_via_immediate_hc_fail'
  /** Its source has taken it away, but checks find it well: it stays until they do not. */
  | 'pending_dynamic_removal'
  /** Ejected for what requests have met there. */
  | 'failed_outlier_check';

export class Host {
  /** The address as text, or what stands for it; two hosts of a set never share it. */
  readonly key: string;
  /** The result of picking this host: one object for all picks, so that picking makes no garbage. */
  readonly picked: HostPicked;
  #endpoint: Endpoint;
  #addressText: string;
  #activeRequests = 0;
  #pickedTotal = 0;
  /** Requests that ended well and badly here, counted by whoever knows how they end. */
  requestsSucceeded = 0;
  requestsFailed = 0;
  /** Requests between `begin` and `end`, and the sum of the moments of all ends, less that of all beginnings. */
  #timed = 0;
  #moments = 0;
  readonly #flags = new Set<HostFlag>();
  /** Monotonic ms at which it was added or became well: where a slow start begins. Kept by whoever has a clock. */
  healthySince = Number.NEGATIVE_INFINITY;

  constructor(endpoint: Endpoint) {
    this.key = keyOf(endpoint);
    this.#addressText = formatAddress(endpoint.address);
    this.#endpoint = endpoint;
    this.picked = { kind: 'host', host: this, release: () => this.#release() };
  }

  /** As last described by the source. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Where new connections go. */
  get address(): Address {
    return this.#endpoint.address;
  }

  get addressText(): string {
    return this.#addressText;
  }

  get weight(): number {
    return this.#endpoint.weight;
  }

  get health(): HostHealth {
    const { health } = this.#endpoint;
    const flags = this.#flags;
    if (health === 'unhealthy' || health === 'draining' || flags.has('failed_active_hc') || flags.has('failed_outlier_check')) return 'unhealthy';
    return health === 'degraded' || flags.has('degraded_active_hc') ? 'degraded' : 'healthy';
  }

  /** Whether it is left out of every ratio: nothing is known of it yet, or it has said itself that it is to be left out. */
  get isExcluded(): boolean {
    return this.#flags.has('pending_active_hc') || this.#flags.has('excluded_via_immediate_hc_fail');
  }

  has(flag: HostFlag): boolean {
    return this.#flags.has(flag);
  }

  /** Raises or lowers a flag. Who changes one has the host set looked at anew (`refreshHosts`). */
  mark(flag: HostFlag, isRaised: boolean): void {
    if (isRaised) this.#flags.add(flag);
    else this.#flags.delete(flag);
  }

  /** Everything that is said against it, by its source and by us, in Envoy's words. Empty: it is healthy. */
  get healthFlags(): readonly string[] {
    return [...this.#flags, ...sourceFlags[this.#endpoint.health]];
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

  /** A request that counts in `busyMs` has begun. */
  begin(now: number): void {
    this.#timed += 1;
    this.#moments -= now;
  }

  /** It is over. */
  end(now: number): void {
    this.#timed -= 1;
    this.#moments += now;
  }

  /** ∫ requests under way dt since the host is known, in ms: what grows by it in a second is the mean of a second. */
  busyMs(now: number): number {
    return this.#moments + this.#timed * now;
  }

  /** Takes over a newer description, of the same key. */
  describe(endpoint: Endpoint): void {
    if (endpoint.address !== this.#endpoint.address) this.#addressText = formatAddress(endpoint.address);
    this.#endpoint = endpoint;
  }

  #release(): void {
    if (this.#activeRequests === 0) throw new Error(`host ${this.key} was released more often than picked`);
    this.#activeRequests -= 1;
  }
}

/** What tells one endpoint of a cluster from another. */
export function keyOf({ key, address }: Endpoint): string {
  return key ?? formatAddress(address);
}

const sourceFlags: Readonly<Record<EndpointHealth, readonly string[]>> = {
  healthy: [],
  degraded: ['degraded_eds_health'],
  unhealthy: ['failed_eds_health'],
  draining: ['eds_status_draining'],
};

/** A host was found. Whoever picked it calls `release` exactly once, when the stream has ended. */
export interface HostPicked {
  readonly kind: 'host';
  readonly host: Host;
  release(): void;
}
