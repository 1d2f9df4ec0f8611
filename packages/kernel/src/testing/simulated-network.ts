/**
 * A network in memory, on a virtual clock. Each process has its own view of it: the name of the part it is, the
 * address its connections come from, and an end to all of it when the process is killed.
 */
import { createSeededRandom, type Random } from '../random.ts';
import { MeshError } from '../mesh-error.ts';
import {
  formatAddress,
  type Address,
  type BoundListener,
  type Connection,
  type ConnectionHandler,
  type ConnectOptions,
  type Network,
} from '../network.ts';
import { createReadMemory, SimulatedConnection } from './simulated-connection.ts';
import type { SimulatedLinks } from './simulated-links.ts';

export interface SimulatedNetworkOptions {
  readonly links: SimulatedLinks;
  /** Where bytes are cut into pieces. Default: seed 1. */
  readonly random?: Random;
  /** Hears of each attempt to connect, before anything else happens. */
  readonly onConnect?: (from: string, to: Address) => void;
}

interface SimulatedListener {
  readonly address: Address;
  readonly view: SimulatedNetworkView;
  readonly accept: (connection: Connection) => void;
}

/** How long connecting goes on without an answer when nobody says otherwise, in ms: about Linux' own limit. */
const connectTimeoutMs = 127_000;

export class SimulatedNetwork {
  readonly links: SimulatedLinks;
  readonly #random: Random;
  readonly #onConnect: ((from: string, to: Address) => void) | undefined;
  /** By `host:port`. */
  readonly #listeners = new Map<string, SimulatedListener>();
  #ports = 40_000;

  constructor({ links, random = createSeededRandom(1), onConnect }: SimulatedNetworkOptions) {
    this.links = links;
    this.#random = random;
    this.#onConnect = onConnect;
  }

  /**
   * The network as one process sees it.
   * @param part where it is on the links; processes of one pod share a part
   * @param host the address its connections come from
   */
  view(part: string, host: string): SimulatedNetworkView {
    return new SimulatedNetworkView(this, part, host);
  }

  /** Addresses on which somebody listens, sorted. */
  get listening(): readonly string[] {
    return [...this.#listeners.keys()].sort();
  }

  /** For views. */
  bind(listener: SimulatedListener): Address {
    const { host, port } = listener.address;
    const isAnyHost = host === '0.0.0.0' || host === '::';
    const address = { host: isAnyHost ? listener.view.host : host, port: port === 0 ? (this.#ports += 1) : port };
    const key = formatAddress(address);
    if (this.#listeners.has(key)) throw new MeshError('listen-failed', `listen on ${key}: address already in use`);
    this.#listeners.set(key, { ...listener, address });
    return address;
  }

  unbind(address: Address): void {
    this.#listeners.delete(formatAddress(address));
  }

  unbindAll(view: SimulatedNetworkView): void {
    for (const [key, listener] of this.#listeners) if (listener.view === view) this.#listeners.delete(key);
  }

  connect(view: SimulatedNetworkView, address: Address, handler: ConnectionHandler, timeoutMs: number): SimulatedConnection {
    this.#onConnect?.(view.part, address);
    // Which part an address belongs to is known only while somebody listens there.
    const target = this.#find(address)?.view.part ?? view.part;
    const ends = { links: this.links, random: this.#random };
    const local = { host: view.host, port: (this.#ports += 1) };
    const client = view.adopt({ ...ends, from: view.part, to: target, local, remote: address, handler });
    const timer = this.links.time.after(timeoutMs > 0 ? timeoutMs : connectTimeoutMs, () => {
      const message = `connect to ${formatAddress(address)}: no answer in ${timeoutMs} ms`;
      client.fail(new MeshError('connect-timeout', message, { source: 'upstream', retry: 'always-safe' }));
    });
    const back = this.links.openPipe(target, view.part);
    this.links.openPipe(view.part, target).send(() => {
      const listener = this.#find(address);
      if (!listener) {
        back.send(() => {
          timer.cancel();
          client.fail(refused(address));
        });
        return;
      }
      if (client.isClosed) return timer.cancel();
      const server = listener.view.adopt({ ...ends, from: target, to: view.part, local: address, remote: local, handler: unclaimed });
      server.peer = client;
      client.peer = server;
      // Before anything the server writes: the same pipe would do, but it belongs to the connection.
      server.open();
      listener.accept(server);
      back.send(() => {
        timer.cancel();
        client.open();
      });
    });
    return client;
  }

  #find(address: Address): SimulatedListener | undefined {
    return this.#listeners.get(formatAddress(address));
  }
}

/** One process's `Network`. Listening on all addresses means its own: each view stands for a machine or a pod. */
export class SimulatedNetworkView implements Network {
  readonly part: string;
  readonly host: string;
  readonly #network: SimulatedNetwork;
  readonly #connections = new Set<SimulatedConnection>();
  readonly #memory = createReadMemory();
  #isDestroyed = false;

  constructor(network: SimulatedNetwork, part: string, host: string) {
    this.#network = network;
    this.part = part;
    this.host = host;
  }

  /** Connections that are open or being opened. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  async listen(address: Address, accept: (connection: Connection) => void): Promise<BoundListener> {
    const bound = this.#network.bind({ address, view: this, accept });
    return {
      address: bound,
      close: async () => {
        this.#network.unbind(bound);
      },
    };
  }

  connect(address: Address, handler: ConnectionHandler, { timeoutMs = 0 }: ConnectOptions = {}): Connection {
    return this.#network.connect(this, address, handler, timeoutMs);
  }

  /** The process was killed: nothing of it is called any more, its listeners are gone, its peers see resets. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#network.unbindAll(this);
    for (const connection of this.#connections) connection.abandon();
  }

  /** For the network: makes this process's end of a connection. */
  adopt(options: Omit<ConstructorParameters<typeof SimulatedConnection>[0], 'sharedMemory' | 'onOver'>): SimulatedConnection {
    const connection = new SimulatedConnection({
      ...options,
      sharedMemory: this.#memory,
      onOver: (over) => this.#connections.delete(over),
    });
    this.#connections.add(connection);
    if (this.#isDestroyed) connection.abandon();
    return connection;
  }
}

function refused(address: Address): MeshError {
  const message = `connect ECONNREFUSED ${formatAddress(address)}`;
  return new MeshError('connection-refused', message, { source: 'upstream', retry: 'always-safe' });
}

/** Holds a connection between its birth and `accept`, which must give it a handler. */
const unclaimed: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
