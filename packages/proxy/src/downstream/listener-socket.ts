/** A bound address. It outlives the listener that bound it when another takes its place on the same address. */
import { formatAddress, type Address, type BoundListener, type Connection, type ListenOptions, type Network } from '@sluice/kernel';

export interface ConnectionTaker {
  accept(connection: Connection): void;
}

export class ListenerSocket {
  /** As asked for; the port may be 0. */
  readonly asked: Address;
  readonly #bound: BoundListener;
  readonly #taker: { current: ConnectionTaker | undefined };

  private constructor(asked: Address, bound: BoundListener, taker: { current: ConnectionTaker | undefined }) {
    this.asked = asked;
    this.#bound = bound;
    this.#taker = taker;
  }

  /** @throws MeshError when the address cannot be had */
  static async bind(network: Network, address: Address, taker: ConnectionTaker, options: ListenOptions): Promise<ListenerSocket> {
    const current: { current: ConnectionTaker | undefined } = { current: taker };
    const accept = (connection: Connection) => (current.current ? current.current.accept(connection) : connection.destroy());
    return new ListenerSocket(address, await network.listen(address, accept, options), current);
  }

  get address(): Address {
    return this.#bound.address;
  }

  get key(): string {
    return formatAddress(this.asked);
  }

  /** From now on connections are another's. */
  giveTo(taker: ConnectionTaker): void {
    this.#taker.current = taker;
  }

  close(): Promise<void> {
    this.#taker.current = undefined;
    return this.#bound.close();
  }
}
