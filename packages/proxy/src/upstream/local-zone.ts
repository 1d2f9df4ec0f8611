/** Where this proxy runs, and how its like are spread: what routing by zone goes by. */
import { emptyHostSet, type EndpointLocality, type HostSet, type ZoneRoute, type ZoneRouting } from '@sluice/balancing';
import type { Counter, LabelValues, Meter } from '@sluice/kernel';
import type { ZoneAware } from '@sluice/resources';

export class LocalZone {
  /** The cluster whose hosts are this proxy and its like. */
  readonly clusterName: string;
  readonly locality: EndpointLocality;
  #hosts: HostSet = emptyHostSet;
  readonly #listeners = new Set<() => void>();

  constructor(clusterName: string, locality: EndpointLocality) {
    this.clusterName = clusterName;
    this.locality = locality;
  }

  get hosts(): HostSet {
    return this.#hosts;
  }

  /** The local cluster has other hosts, or their health is another. */
  setHosts(hosts: HostSet): void {
    this.#hosts = hosts;
    for (const listener of this.#listeners) listener();
  }

  /** Calls with each change from now on. Gives what ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  routingFor({ minClusterSize, routingRatio }: ZoneAware, statistics: ZoneStatistics): ZoneRouting {
    return { locality: this.locality, localHosts: () => this.#hosts, hostsMin: minClusterSize, ratio: routingRatio, onRouted: (how) => statistics.count(how) };
  }
}

const routes: Readonly<Record<ZoneRoute, string>> = {
  zone_routing_all_directly: 'picks in the zone of the proxy, which can take all',
  zone_routing_sampled: 'picks in the zone of the proxy, which can take some',
  zone_routing_cross_zone: 'picks in another zone, because that of the proxy cannot take more',
  zone_no_capacity_left: 'picks in another zone, of which none can take more either',
  zone_cluster_too_small: 'times that zones did not count, because there are too few hosts',
  local_cluster_not_ok: 'times that zones did not count, because it is not known how the proxies are spread',
};

export class ZoneStatistics {
  readonly #counters: Readonly<Record<ZoneRoute, Counter>>;

  constructor(meter: Meter, labels: LabelValues) {
    const counters = Object.entries(routes).map(([how, help]) => [how, meter.counter(`envoy_cluster_lb_${how}`, help, labels)]);
    this.#counters = Object.fromEntries(counters) as Record<ZoneRoute, Counter>;
  }

  count(how: ZoneRoute): void {
    this.#counters[how].add();
  }
}
