/** Takes the connections of servers outside to one port inside. */
import net, { type Server, type Socket } from 'node:net';
import { joinSockets } from './join-sockets.ts';

export interface PortRelayOptions {
  /** Where the program listens, on 127.0.0.1. */
  readonly port: number;
  /** The program refused a connection: it may listen no more. */
  readonly onRefused: () => void;
  /** The last open connection is over. */
  readonly onIdle: () => void;
}

export class PortRelay {
  readonly #options: PortRelayOptions;
  readonly #servers = new Set<Server>();
  readonly #clients = new Set<Socket>();

  constructor(options: PortRelayOptions) {
    this.#options = options;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#clients.size;
  }

  /** Accepts the connections of a server that listens already. */
  serve(given: Server): void {
    // Nothing is read before the program has taken the connection, or a client would believe that its bytes have arrived.
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => this.#accept(client));
    this.#servers.add(server);
    server.listen(given);
  }

  /** Listens no more. Open connections stay. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  #accept(client: Socket): void {
    const { port, onRefused, onIdle } = this.#options;
    this.#clients.add(client);
    client.once('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) onIdle();
    });
    const program = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    const refused = () => {
      client.resetAndDestroy();
      onRefused();
    };
    // The client goes before the program has taken the connection.
    const gone = () => void program.destroy();
    program.once('error', refused);
    program.once('connect', () => {
      program.off('error', refused);
      client.off('error', gone);
      joinSockets(client, program);
    });
    client.once('error', gone);
  }
}
