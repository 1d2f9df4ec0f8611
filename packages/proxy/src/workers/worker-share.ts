/**
 * A worker's part of what the configuration allows to the whole proxy: limits are divided, rounded up, so that all workers
 * together allow what was configured and at most one more each. Objects keep their identity as long as theirs are the same.
 */
import type { Address } from '@sluice/kernel';
import type { OverloadManager } from '@sluice/resources';
import type { ClusterConfig, ListenerConfig, ProxyConfig } from '../proxy-config.ts';
import { portKey } from './worker-protocol.ts';

/** Envoy's way to say that there is no limit. */
const unlimited = 4_294_967_295;

/** What a worker allows of the connections that all may have together. */
export function overloadShare(overload: OverloadManager, workers: number): OverloadManager {
  const { connectionsMax } = overload;
  return connectionsMax === undefined ? overload : { ...overload, connectionsMax: Math.ceil(connectionsMax / workers) };
}

type Limits = ClusterConfig['highPriority'];

export class WorkerShare {
  readonly #workers: number;
  readonly #listeners = new WeakMap<ListenerConfig, ListenerConfig>();
  readonly #clusters = new WeakMap<ClusterConfig, ClusterConfig>();

  constructor(workers: number) {
    this.#workers = workers;
  }

  of(config: ProxyConfig, ports: Readonly<Record<string, number>>): ProxyConfig {
    return {
      ...config,
      listeners: mapped(config.listeners, (listener) => remembered(this.#listeners, listener, () => this.#listener(listener, ports))),
      clusters: mapped(config.clusters, (cluster) => remembered(this.#clusters, cluster, () => this.#cluster(cluster))),
    };
  }

  #listener(listener: ListenerConfig, ports: Readonly<Record<string, number>>): ListenerConfig {
    const at = (address: Address, index: number): Address => (address.port === 0 && address.path === undefined ? { ...address, port: ports[portKey(listener.name, index)] ?? 0 } : address);
    return {
      ...listener,
      address: at(listener.address, 0),
      ...(listener.additionalAddresses ? { additionalAddresses: listener.additionalAddresses.map((address, index) => at(address, index + 1)) } : {}),
      reusePort: true,
      connectionsMax: this.#part(listener.connectionsMax),
    };
  }

  #cluster(cluster: ClusterConfig): ClusterConfig {
    return { ...cluster, ...this.#limits(cluster), highPriority: { ...cluster.highPriority, ...this.#limits(cluster.highPriority) } };
  }

  #limits({ connectionsMax, pendingRequestsMax, requestsMax }: Limits): Pick<Limits, 'connectionsMax' | 'pendingRequestsMax' | 'requestsMax'> {
    return { connectionsMax: this.#part(connectionsMax), pendingRequestsMax: this.#part(pendingRequestsMax), requestsMax: this.#part(requestsMax) };
  }

  #part(limit: number): number {
    return limit >= unlimited ? limit : Math.ceil(limit / this.#workers);
  }
}

function mapped<T>(map: ReadonlyMap<string, T>, change: (value: T) => T): ReadonlyMap<string, T> {
  return new Map([...map].map(([name, value]) => [name, change(value)]));
}

function remembered<T extends object>(memory: WeakMap<T, T>, key: T, make: () => T): T {
  let found = memory.get(key);
  if (!found) memory.set(key, (found = make()));
  return found;
}
