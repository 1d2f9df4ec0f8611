/** The network as one cluster uses it: with what its configuration says of sockets, and all addresses of a host that has several. */
import type { Endpoint } from '@sluice/balancing';
import type { Address, Connection, ConnectionHandler, ConnectOptions, Network, Timers } from '@sluice/kernel';
import type { UpstreamSocketOptions } from '@sluice/resources';
import { orderAddresses } from './address-order.ts';
import { connectFirst } from './racing-connection.ts';

export class ClusterNetwork implements Network {
  readonly #network: Network;
  readonly #timers: Timers;
  readonly #options: UpstreamSocketOptions;
  /** Of hosts that have several, by the address object that stands for the host. */
  readonly #addresses = new WeakMap<Address, readonly Address[]>();

  constructor(network: Network, timers: Timers, options: UpstreamSocketOptions) {
    this.#network = network;
    this.#timers = timers;
    this.#options = options;
  }

  get tls(): Network['tls'] {
    return this.#network.tls;
  }

  /** From now on connections to these endpoints go to any of their addresses. */
  learn(endpoints: readonly Endpoint[]): void {
    const { happyEyeballs } = this.#options;
    for (const { address, additionalAddresses = [] } of endpoints) {
      if (additionalAddresses.length > 0) this.#addresses.set(address, orderAddresses([address, ...additionalAddresses], happyEyeballs));
    }
  }

  listen: Network['listen'] = (address, accept, options) => this.#network.listen(address, accept, options);

  connect(address: Address, handler: ConnectionHandler, options: ConnectOptions = {}): Connection {
    const { localAddress, keepaliveMs } = this.#options;
    const all: ConnectOptions =
      localAddress || keepaliveMs !== undefined ? { ...options, ...(localAddress && { localAddress }), ...(keepaliveMs !== undefined && { keepaliveMs }) } : options;
    const addresses = this.#addresses.get(address);
    return addresses ? connectFirst(this.#network, this.#timers, addresses, handler, all) : this.#network.connect(address, handler, all);
  }
}
