/**
 * The way to the program. The connection that showed that it listens is kept for a moment: the request for which the pod was started comes right after,
 * and a program that runs its code for the first time is spared accepting two, of which one tells it nothing.
 */
import type { Address, BoundListener, Connection, ConnectionHandler, ConnectOptions, ListenOptions, Network, Timer, Timers } from '@sluice/kernel';

/** In ms. Chosen: longer than the word that it is ready and the request take; a program that serves one connection after the other is held up by it no longer. */
const keptMs = 100;

export class ProgramNetwork implements Network {
  readonly #network: Network;
  readonly #timers: Timers;
  #kept: { readonly connection: Connection; readonly timer: Timer } | undefined;
  #hasKept = false;

  constructor(network: Network, timers: Timers) {
    this.#network = network;
    this.#timers = timers;
  }

  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener> {
    return this.#network.listen(address, accept, options);
  }

  /** Takes an open connection to the program, by which nothing has been sent. All but the first are closed: nobody may be waiting any more. */
  keep(connection: Connection): void {
    if (this.#hasKept) return connection.destroy();
    this.#hasKept = true;
    // A program that speaks first, or ends, has no use for one that waits.
    const giveUp = (): void => void (this.#kept?.connection === connection && this.#take()?.destroy());
    connection.handler = { onData: giveUp, onDrain() {}, onEnd: giveUp, onClose: () => void (this.#kept?.connection === connection && this.#take()) };
    this.#kept = { connection, timer: this.#timers.after(keptMs, giveUp) };
  }

  /** What it gives may be open at once; whoever destroys it in the same turn hears of that all the same, before its end. */
  connect(address: Address, handler: ConnectionHandler, options?: ConnectOptions): Connection {
    const kept = this.#take();
    if (!kept) return this.#network.connect(address, handler, options);
    kept.handler = handler;
    // Never from within this call; and nothing can come by it before this turn is over.
    void Promise.resolve().then(() => handler.onOpen?.());
    return kept;
  }

  #take(): Connection | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    kept?.timer.cancel();
    return kept?.connection;
  }
}
