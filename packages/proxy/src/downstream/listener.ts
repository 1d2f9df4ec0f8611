/**
 * Bound addresses and the connections that came in by them: each is looked at by the listener filters, given to the filter
 * chain that matches, and counted until it is over. With one chain for everything and no listener filters it goes to the
 * chain at once.
 */
import type { Buffer } from 'node:buffer';
import { formatAddress, type Address, type Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { FilterChainConfig, ListenerConfig } from '../proxy-config.ts';
import type { ListenerStatus } from '../proxy-options.ts';
import { StreamInfo } from '../stream-info.ts';
import { noChain } from './chain-match.ts';
import { ConnectionInfo } from './connection-info.ts';
import { logConnection } from './connection-log.ts';
import { InspectedConnection, type InspectionFailure, type InspectionOwner } from './inspected-connection.ts';
import { ListenerSocket, type ConnectionTaker } from './listener-socket.ts';
import type { ListenerStatistics } from './listener-statistics.ts';
import { ServedChain, type ChainHost } from './served-chain.ts';

/** The proxy, as its listeners see it. */
export interface ListenerHost {
  readonly engine: Engine;
  nextConnectionId(): number;
  /** Who listens, or would, at an address. */
  listenerAt(address: Address): Listener | undefined;
  /** The limit that runtime sets for a listener of this name. */
  connectionLimitOf(listener: string): number | undefined;
  /** A listener that was told to finish has nothing left. */
  onListenerEmpty(listener: Listener): void;
}

export class Listener implements ChainHost, InspectionOwner, ConnectionTaker {
  readonly engine: Engine;
  readonly statistics: ListenerStatistics;
  readonly #host: ListenerHost;
  readonly #inspected = new Set<InspectedConnection>();
  /** As `chooseChain` counts them. */
  #chains: readonly ServedChain[];
  /** Chains that are no longer configured, with connections that are not over. */
  readonly #retiredChains = new Set<ServedChain>();
  /** Serves every connection at once; undefined where there is something to look at first. */
  #onlyChain: ServedChain | undefined;
  #config: ListenerConfig;
  #sockets: readonly ListenerSocket[] = [];
  #connections = 0;
  readonly #connectionsMax: number;
  readonly #countsGlobally: boolean;

  constructor(config: ListenerConfig, host: ListenerHost) {
    this.engine = host.engine;
    this.#host = host;
    this.#config = config;
    this.#connectionsMax = host.connectionLimitOf(config.name) ?? config.connectionsMax;
    this.#countsGlobally = config.countsGlobally ?? true;
    this.statistics = host.engine.statistics.listener(config.statPrefix || formatAddress(config.address));
    this.#chains = config.filterChains.map((chain) => new ServedChain(chain, this));
    this.#onlyChain = onlyChainOf(config, this.#chains);
  }

  get config(): ListenerConfig {
    return this.#config;
  }

  get connections(): number {
    return this.#connections;
  }

  /**
   * Takes over the sockets of the listener that it replaces, where they are for the same address, and binds the others.
   * Until `takeSockets` the old listener goes on accepting.
   * @throws MeshError when an address cannot be had; then nothing new is bound
   */
  async bind(replaced?: Listener): Promise<void> {
    const { address, additionalAddresses = [], bindsToPort = true } = this.#config;
    const sockets: ListenerSocket[] = [];
    const known = replaced?.socketsByKey() ?? new Map<string, ListenerSocket>();
    try {
      for (const wanted of bindsToPort ? [address, ...additionalAddresses] : []) {
        sockets.push(known.get(formatAddress(wanted)) ?? (await this.#bindOne(wanted)));
      }
    } catch (error) {
      await Promise.all(sockets.filter(({ key }) => !known.has(key)).map((socket) => socket.close()));
      throw error;
    }
    this.#sockets = sockets;
  }

  /** From now on what comes in by its addresses is this listener's; the one before keeps what it does not need. */
  takeSockets(replaced: Listener): void {
    for (const socket of this.#sockets) socket.giveTo(this);
    replaced.#sockets = replaced.#sockets.filter((socket) => !this.#sockets.includes(socket));
  }

  socketsByKey(): Map<string, ListenerSocket> {
    return new Map(this.#sockets.map((socket) => [socket.key, socket]));
  }

  /** Only closes what it does not share with the listener that it would have replaced. */
  async abandon(replaced: Listener | undefined): Promise<void> {
    const shared = new Set(replaced?.socketsByKey().values());
    await Promise.all(this.#sockets.filter((socket) => !shared.has(socket)).map((socket) => socket.close()));
  }

  /** Where it really listens; undefined when it is not bound. */
  get address(): Address | undefined {
    return this.#sockets[0]?.address;
  }

  /** Whether it is the one for connections that were meant for this address. */
  isAt(wanted: Address, exactly: boolean): boolean {
    const own = this.#sockets.length > 0 ? this.#sockets.map(({ address }) => address) : [this.#config.address];
    return own.some(({ host, port }) => port === wanted.port && (exactly ? host === wanted.host : host === '0.0.0.0' || host === '::'));
  }

  /** Other chains in the same frame: connections of chains that stay go on, with their new routes where those changed. */
  update(config: ListenerConfig): void {
    if (config === this.#config) return;
    const old = this.#chains;
    const before = new Map(old.map((chain, index) => [chainKey(this.#config, chain.config, index), chain]));
    this.#config = config;
    this.#chains = config.filterChains.map((chain, index) => {
      const key = chainKey(config, chain, index);
      const same = before.get(key);
      if (!same) return new ServedChain(chain, this);
      before.delete(key);
      same.update(chain);
      return same;
    });
    this.#onlyChain = onlyChainOf(config, this.#chains);
    for (const gone of before.values()) this.#retireChain(gone, this.#successorOf(gone, old.indexOf(gone)));
  }

  /** Accepts no more. */
  async stopAccepting(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  /** The listener is gone, or `next` stands in its place: its connections serve what they have begun, also those that are still being looked at. */
  retire(next: Listener | undefined): void {
    for (const [index, chain] of this.#chains.entries()) chain.retire(next ? next.#successorOf(chain, index) : undefined);
  }

  #successorOf({ config }: ServedChain, index: number): ServedChain | undefined {
    return this.#chains.find((chain) => config.name !== '' && chain.config.name === config.name) ?? this.#chains[index];
  }

  retireConnections(): void {
    for (const chain of this.#chains) chain.retireConnections();
  }

  cutConnections(code: OutcomeCode): void {
    for (const inspected of this.#inspected) inspected.cut();
    for (const chain of [...this.#chains, ...this.#retiredChains]) chain.cutConnections(code);
  }

  status(): ListenerStatus {
    const address = this.address ?? this.#config.address;
    return { name: this.#config.name, address: formatAddress(address), port: address.port, connections: this.#connections };
  }

  nextConnectionId(): number {
    return this.#host.nextConnectionId();
  }

  accept(connection: Connection): void {
    const { statistics } = this;
    const { overload } = this.engine;
    if (this.#connections >= this.#connectionsMax) {
      statistics.overflows.add();
      return connection.destroy();
    }
    if (this.#countsGlobally && overload.isFull) {
      statistics.globalOverflows.add();
      return connection.destroy();
    }
    if (overload.refusedConnections > 0 && !this.#config.bypassesOverload && overload.draws(overload.refusedConnections)) {
      statistics.overloadRejects.add();
      return connection.destroy(true);
    }
    statistics.connectionsTotal.add();
    this.#count(1);
    if (this.#onlyChain) return this.#onlyChain.serve(connection);
    this.#look(connection, undefined, new ConnectionInfo(connection));
  }

  onInspected(inspected: InspectedConnection, bytes: Buffer | undefined): void {
    this.#forgetInspected(inspected);
    const { connection, info } = inspected;
    if (info.originalDestination === connection.local && this.#isAtPort(connection.local.port)) info.originalDestination = undefined;
    const other = this.#config.usesOriginalDestination && info.originalDestination ? this.#host.listenerAt(info.originalDestination) : undefined;
    if (other && other !== this) {
      this.#count(-1);
      return other.#adopt(connection, bytes, info);
    }
    this.#choose(connection, bytes, info);
  }

  onInspectionLate(): void {
    this.statistics.preconnectTimeouts.add();
  }

  onInspectionFailed(inspected: InspectedConnection, why: InspectionFailure): void {
    this.#forgetInspected(inspected);
    if (why === 'closed') this.statistics.remoteCloses.add();
    if (why === 'refused') this.statistics.filterErrors.add();
    this.#gone();
  }

  onConnectionGone(chain: ServedChain): void {
    if (chain.connections === 0 && this.#retiredChains.delete(chain)) this.engine.statistics.forgetGone();
    this.#gone();
  }

  /** Who came to our own port was not redirected: to connect to where it was going would be to connect to ourselves. */
  #isAtPort(port: number): boolean {
    return this.#sockets.some(({ address }) => address.port === port);
  }

  /** From a listener whose connections were meant for this one. */
  #adopt(connection: Connection, bytes: Buffer | undefined, info: ConnectionInfo): void {
    this.statistics.connectionsTotal.add();
    this.#count(1);
    this.#look(connection, bytes, info);
  }

  #look(connection: Connection, bytes: Buffer | undefined, info: ConnectionInfo): void {
    const { inspection } = this.#config;
    if (!inspection) return this.#choose(connection, bytes, info);
    const inspected = new InspectedConnection(connection, info, inspection, this, this.engine.turn.now());
    this.#inspected.add(inspected);
    this.engine.sweep.add(inspected);
    this.statistics.inspecting += 1;
    inspected.start(this.engine.turn, bytes);
  }

  #choose(connection: Connection, bytes: Buffer | undefined, info: ConnectionInfo): void {
    const index = this.#config.chooseChain?.(info) ?? 0;
    const chain = index === noChain ? undefined : this.#chains[index];
    if (chain) return chain.serve(connection, bytes, info);
    connection.destroy();
    this.statistics.noChain.add();
    this.#logUnmatched(info);
    this.#gone();
  }

  #logUnmatched(info: ConnectionInfo): void {
    const record = new StreamInfo(info);
    record.connection = info;
    record.startAt = this.engine.turn.now();
    record.startWallTime = this.engine.turn.wallTime();
    record.connectionId = this.nextConnectionId();
    record.protocol = '';
    record.raise('NR');
    record.details = 'filter_chain_not_found';
    logConnection(this.engine, this.#config.accessLogs ?? [], record, 'no-filter-chain');
  }

  #retireChain(chain: ServedChain, successor: ServedChain | undefined): void {
    // First, because a connection may end while it is told.
    this.#retiredChains.add(chain);
    chain.retire(successor);
    if (chain.connections === 0) this.#retiredChains.delete(chain);
  }

  #forgetInspected(inspected: InspectedConnection): void {
    this.#inspected.delete(inspected);
    this.engine.sweep.remove(inspected);
    this.statistics.inspecting -= 1;
  }

  #gone(): void {
    this.statistics.connectionsDestroyed.add();
    this.#count(-1);
    this.engine.onQuieter();
    if (this.#connections === 0) this.#host.onListenerEmpty(this);
  }

  #count(change: 1 | -1): void {
    this.#connections += change;
    this.statistics.connectionsActive += change;
    if (this.#countsGlobally) this.engine.overload.connections += change;
  }

  #bindOne(address: Address): Promise<ListenerSocket> {
    const { reusePort, backlog, keepaliveMs } = this.#config;
    return ListenerSocket.bind(this.engine.network, address, this, {
      // Workers cannot share the file of a Unix socket.
      reusePort: reusePort && address.path === undefined,
      onAcceptError: () => this.statistics.acceptErrors.add(),
      ...(backlog === undefined ? {} : { backlog }),
      ...(keepaliveMs === undefined ? {} : { keepaliveMs }),
    });
  }
}

/** What a chain is recognised by from one configuration to the next. */
function chainKey(listener: ListenerConfig, { version }: FilterChainConfig, index: number): string {
  return version ?? `${listener.version} ${index}`;
}

function onlyChainOf(config: ListenerConfig, chains: readonly ServedChain[]): ServedChain | undefined {
  return config.inspection || config.chooseChain ? undefined : chains[0];
}
