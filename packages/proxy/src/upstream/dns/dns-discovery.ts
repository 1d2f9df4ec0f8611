/**
 * The endpoints of a cluster whose hosts are given by name. `STRICT_DNS`: each address that a name stands for is a host.
 * `LOGICAL_DNS`: the name is one host; new connections go to its address of the moment, those that are open stay.
 */
import type { Endpoint } from '@sluice/balancing';
import { formatAddress, isIpLiteral } from '@sluice/kernel';
import type { DnsSettings } from '@sluice/resources';
import type { UpstreamContext } from '../upstream-context.ts';
import type { DiscoveryStatistics } from './discovery-statistics.ts';
import { NameWatch, type NameWatchOwner } from './name-watch.ts';

export interface DnsDiscoveryOptions {
  /** Whose addresses are names, or addresses already. */
  readonly endpoints: readonly Endpoint[];
  readonly isLogical: boolean;
  readonly settings: DnsSettings;
  readonly statistics: DiscoveryStatistics;
  /** Called in a turn, first when every name was answered or waited for in vain, then with each change. */
  readonly onEndpoints: (endpoints: readonly Endpoint[]) => void;
}

export class DnsDiscovery implements NameWatchOwner {
  readonly #options: DnsDiscoveryOptions;
  readonly #context: UpstreamContext;
  readonly #watches = new Map<string, NameWatch>();
  #hasPublished = false;

  constructor(options: DnsDiscoveryOptions, context: UpstreamContext) {
    this.#options = options;
    this.#context = context;
  }

  /** From here on names are looked up. Where requests need not wait, hosts are those that are there. */
  start(): void {
    const { endpoints, isLogical, settings, statistics } = this.#options;
    const names = new Set(endpoints.filter(isNamed).map(({ address }) => address.host));
    for (const name of names) this.#watches.set(name, new NameWatch(name, settings, isLogical, this.#context, statistics, this));
    if (!settings.waitsForFirst || names.size === 0) this.#publish();
  }

  onAnswer(changed: boolean): void {
    if (this.#hasPublished ? changed : [...this.#watches.values()].every(({ isSettled }) => isSettled)) this.#publish();
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
  }

  #publish(): void {
    const { endpoints, isLogical, onEndpoints } = this.#options;
    this.#hasPublished = true;
    onEndpoints(endpoints.flatMap((endpoint) => (isNamed(endpoint) ? this.#resolved(endpoint, isLogical) : [endpoint])));
  }

  #resolved(endpoint: Endpoint, isLogical: boolean): readonly Endpoint[] {
    const { host: name, port } = endpoint.address;
    const triesAll = this.#options.settings.lookupFamily === 'ALL';
    const hostname = endpoint.hostname || name;
    const addresses = (this.#watches.get(name)?.addresses ?? []).map((host) => ({ host, port }));
    const [first, ...others] = addresses;
    if (!first) return [];
    if (!isLogical) return addresses.map((address) => ({ ...endpoint, hostname, address }));
    return [{ ...endpoint, hostname, address: first, additionalAddresses: triesAll ? others : [], key: formatAddress(endpoint.address) }];
  }
}

function isNamed({ address }: Endpoint): boolean {
  return address.path === undefined && !isIpLiteral(address.host);
}
