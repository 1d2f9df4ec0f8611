/** A network whose first connection is there already. */
import type { Address, BoundListener, Connection, ConnectionHandler, ConnectOptions, ListenOptions, Network, Timers } from '@sluice/kernel';

export class AdoptingNetwork implements Network {
  readonly #network: Network;
  readonly #timers: Timers;
  #open: Connection | undefined;

  constructor(network: Network, timers: Timers, open: Connection) {
    this.#network = network;
    this.#timers = timers;
    this.#open = open;
  }

  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener> {
    return this.#network.listen(address, accept, options);
  }

  connect(address: Address, handler: ConnectionHandler, options?: ConnectOptions): Connection {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return this.#network.connect(address, handler, options);
    // What it brings before its handler knows of it has to wait.
    open.pause();
    // It may end before its handler hears that it is open; then it hears of its end alone, as of one that failed.
    let isOver = false;
    const onClose = handler.onClose.bind(handler);
    open.handler = {
      onData: (memory, length) => handler.onData(memory, length),
      onDrain: () => handler.onDrain(),
      onEnd: () => open.destroy(),
      onClose(error) {
        isOver = true;
        onClose(error);
      },
    };
    this.#timers.after(0, () => {
      if (isOver) return;
      open.handler = handler;
      handler.onOpen?.();
      open.resume();
    });
    return open;
  }
}
