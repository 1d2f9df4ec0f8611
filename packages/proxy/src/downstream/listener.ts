/** A bound address and the connections that came in by it. */
import type { Buffer } from 'node:buffer';
import { formatAddress, type Address, type BoundListener, type Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { ListenerConfig } from '../proxy-config.ts';
import type { ListenerStatus } from '../proxy-options.ts';
import { HandlerInTurn } from '../turn.ts';
import { ConnectionManager } from './connection-manager.ts';
import type { DownstreamConnection, DownstreamOwner } from './downstream-connection.ts';
import { Http1Downstream } from './http1-downstream.ts';
import { Http2Downstream } from './http2-downstream.ts';

export class Listener implements DownstreamOwner {
  readonly #engine: Engine;
  readonly #connections = new Set<DownstreamConnection>();
  readonly #nextConnectionId: () => number;
  #config: ListenerConfig;
  #manager: ConnectionManager | undefined;
  #bound: BoundListener | undefined;

  constructor(config: ListenerConfig, engine: Engine, nextConnectionId: () => number) {
    this.#config = config;
    this.#engine = engine;
    this.#nextConnectionId = nextConnectionId;
    this.#manager = managerOf(config, engine);
  }

  get config(): ListenerConfig {
    return this.#config;
  }

  get manager(): ConnectionManager | undefined {
    return this.#manager;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** @throws MeshError when the address cannot be had */
  async bind(): Promise<void> {
    const { address, reusePort } = this.#config;
    this.#bound = await this.#engine.network.listen(address, (connection) => this.#accept(connection), { reusePort });
  }

  /** Where it really listens; undefined before `bind`. */
  get address(): Address | undefined {
    return this.#bound?.address;
  }

  /** Another configuration for the same address: new requests are served by it, on old connections too. */
  update(config: ListenerConfig): void {
    if (config === this.#config) return;
    const retires = config.version !== this.#config.version;
    this.#config = config;
    this.#manager = managerOf(config, this.#engine);
    // What a connection was promised by the old listener ends with its current request.
    if (retires) this.retireConnections();
  }

  /** Accepts no more. */
  async stopAccepting(): Promise<void> {
    const bound = this.#bound;
    this.#bound = undefined;
    await bound?.close();
  }

  /** The listener is gone: its connections serve what they have begun. */
  retire(): void {
    this.#manager = undefined;
    this.retireConnections();
  }

  retireConnections(): void {
    for (const connection of this.#connections) connection.retire();
  }

  cutConnections(code: OutcomeCode): void {
    for (const connection of this.#connections) connection.cut(code);
  }

  onClosed(connection: DownstreamConnection): void {
    connection.acceptedBy.connectionsActive -= 1;
    this.#forget(connection);
    this.#engine.onQuieter();
  }

  onHttp2(connection: DownstreamConnection & { readonly id: number }, transport: Connection, firstBytes: Buffer): void {
    this.#forget(connection);
    const manager = this.#manager;
    if (manager) return this.#add(new Http2Downstream(this, manager, this.#engine, transport, connection.id, firstBytes));
    connection.acceptedBy.connectionsActive -= 1;
    transport.destroy();
  }

  status(): ListenerStatus {
    const address = this.#bound?.address ?? this.#config.address;
    return { name: this.#config.name, address: formatAddress(address), port: address.port, connections: this.#connections.size };
  }

  #accept(connection: Connection): void {
    const manager = this.#manager;
    if (!manager) return connection.destroy();
    if (this.#connections.size >= this.#config.connectionsMax) {
      manager.statistics.connectionOverflows.add();
      return connection.destroy();
    }
    manager.statistics.connectionsTotal.add();
    manager.statistics.connectionsActive += 1;
    const id = this.#nextConnectionId();
    if (manager.config.codec === 'http2') return this.#add(new Http2Downstream(this, manager, this.#engine, connection, id));
    const downstream = new Http1Downstream(this, manager, this.#engine, connection, id);
    connection.handler = new HandlerInTurn(this.#engine.turn, downstream);
    this.#add(downstream);
  }

  #add(connection: DownstreamConnection): void {
    this.#connections.add(connection);
    this.#engine.sweep.add(connection);
  }

  #forget(connection: DownstreamConnection): void {
    this.#connections.delete(connection);
    this.#engine.sweep.remove(connection);
  }
}

/** Chains are not told apart yet by anything that a plain connection shows, so the first one serves. */
function managerOf(config: ListenerConfig, engine: Engine): ConnectionManager | undefined {
  const chain = config.filterChains[0];
  return chain && new ConnectionManager(chain.manager, engine);
}
