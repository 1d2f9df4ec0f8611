/** The network as connections see it that begin with bytes of their own, before TLS and before whoever connects writes anything. */
import type { Buffer } from 'node:buffer';
import type { Address, BoundListener, Connection, ConnectionHandler, ConnectOptions, ListenOptions, MeshError, Network } from '@sluice/kernel';
import { withNetwork, type UpstreamContext } from './upstream-context.ts';

/** The same context, but connections made by it begin with `preamble`. */
export function prefacedContext(context: UpstreamContext, preamble: Buffer): UpstreamContext {
  return withNetwork(context, new PrefacedNetwork(context.network, preamble));
}

class PrefacedNetwork implements Network {
  readonly #network: Network;
  readonly #preamble: Buffer;

  constructor(network: Network, preamble: Buffer) {
    this.#network = network;
    this.#preamble = preamble;
  }

  get tls(): Network['tls'] {
    return this.#network.tls;
  }

  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener> {
    return this.#network.listen(address, accept, options);
  }

  connect(address: Address, handler: ConnectionHandler, options: ConnectOptions = {}): Connection {
    // What goes before a handshake can only be sent by who shakes hands.
    if (options.tls) return this.#network.connect(address, handler, { ...options, tls: { ...options.tls, preamble: this.#preamble } });
    const prefacing = new PrefacingHandler(this.#preamble, handler);
    prefacing.connection = this.#network.connect(address, prefacing, options);
    return prefacing.connection;
  }
}

/** Handles a connection until its preamble is on its way; then the handler it is for goes on. */
class PrefacingHandler implements ConnectionHandler {
  connection: Connection | undefined;
  readonly #preamble: Buffer;
  readonly #handler: ConnectionHandler;

  constructor(preamble: Buffer, handler: ConnectionHandler) {
    this.#preamble = preamble;
    this.#handler = handler;
  }

  onOpen(): void {
    // A drain that is due belongs to this handler: the next one has written nothing yet.
    if (this.connection?.write(this.#preamble, 0, this.#preamble.length)) this.#handOver();
  }

  onDrain(): void {
    this.#handOver();
  }

  onData(memory: Buffer, length: number): void {
    this.#handler.onData(memory, length);
  }

  onEnd(): void {
    this.#handler.onEnd();
  }

  onClose(error?: MeshError): void {
    this.#handler.onClose(error);
  }

  #handOver(): void {
    const { connection } = this;
    if (!connection) return;
    connection.handler = this.#handler;
    this.#handler.onOpen?.();
  }
}
