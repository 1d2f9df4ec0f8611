/**
 * A filter chain at work: its connections, and what serves them. A chain whose configuration stays the same lives on when
 * its listener changes; one that has gone finishes what it has begun.
 */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { Engine } from '../engine.ts';
import type { ConnectionGate } from '../network-filters/connection-gate.ts';
import { deliver, openServer } from '../network-filters/network-server.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { FilterChainConfig } from '../proxy-config.ts';
import { Roster } from '../roster.ts';
import type { Sweepable } from '../sweep.ts';
import { HandlerInTurn } from '../turn.ts';
import { ConnectionInfo } from './connection-info.ts';
import { ConnectionManager } from './connection-manager.ts';
import type { DownstreamConnection, DownstreamOwner, HandedOver } from './downstream-connection.ts';
import { Http1Downstream } from './http1-downstream.ts';
import { Http2Downstream } from './http2-downstream.ts';
import type { ListenerStatistics } from './listener-statistics.ts';
import { SecuringConnection, type SecuringOwner } from './securing-connection.ts';

/** The listener, as its chains see it. */
export interface ChainHost {
  readonly engine: Engine;
  readonly statistics: ListenerStatistics;
  nextConnectionId(): number;
  /** A connection given to `serve` is over. Called once for each. */
  onConnectionGone(chain: ServedChain): void;
}

export class ServedChain implements DownstreamOwner, SecuringOwner, Sweepable {
  deadline = Number.POSITIVE_INFINITY;
  sweepIndex = -1;
  readonly #host: ChainHost;
  readonly #connections = new Roster<DownstreamConnection>();
  /** Those the chain began with: they have counted its connections. */
  readonly #gates: readonly ConnectionGate[];
  #config: FilterChainConfig;
  /** Serves connections whose handshake was under way when the chain went. */
  #lastManager: ConnectionManager | undefined;
  #isRetired = false;
  #successor: ServedChain | undefined;

  constructor(config: FilterChainConfig, host: ChainHost) {
    this.#host = host;
    this.#config = config;
    this.#gates = config.gates ?? noGates;
    this.#lastManager = managerOf(config, host.engine);
  }

  get config(): FilterChainConfig {
    return this.#config;
  }

  /** Of a chain that has gone: its successor's, since the clusters of its own routes may be gone as well. */
  get manager(): ConnectionManager | undefined {
    return this.#isRetired ? this.#successor?.manager : this.#lastManager;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The same chain, perhaps with other routes: new requests are served by it, on old connections too. */
  update(config: FilterChainConfig): void {
    if (config === this.#config) return;
    this.#config = config;
    this.#lastManager = managerOf(config, this.#host.engine);
  }

  /** @param firstBytes what has been read of it already; the memory is the chain's from now on */
  serve(connection: Connection, firstBytes?: Buffer, info?: ConnectionInfo): void {
    const { transportSocket, transportSocketTimeoutMs = 0 } = this.#config;
    if (!transportSocket) return this.#open(connection, firstBytes, info);
    const deadline = transportSocketTimeoutMs > 0 ? this.#host.engine.turn.now() + transportSocketTimeoutMs : Number.POSITIVE_INFINITY;
    const securing = new SecuringConnection(this, connection, info ?? new ConnectionInfo(connection), deadline);
    this.#add(securing);
    securing.start(transportSocket, firstBytes);
  }

  /**
   * @param successor what stands in its place. Last requests on old connections are served by it, unless it asks for another
   * transport: what a connection has not shown in its handshake must not be taken as shown.
   */
  retire(successor: ServedChain | undefined): void {
    const { sweep, turn, listenerDrainMs } = this.#host.engine;
    if (!this.#isRetired && this.#connections.size > 0) sweep.add(this);
    this.#isRetired = true;
    this.deadline = turn.now() + listenerDrainMs;
    if (successor?.config.transportSocket === this.#config.transportSocket) this.#successor = successor;
    this.retireConnections();
  }

  /** What has not ended by itself is over now. */
  onDeadline(): void {
    this.#host.engine.sweep.remove(this);
    this.cutConnections('drain-deadline');
  }

  onCrash(error: unknown): void {
    this.#host.engine.logger.error('chain crashed', { chain: this.#config.name, error });
  }

  retireConnections(): void {
    this.#connections.forEach((connection) => connection.retire());
  }

  cutConnections(code: OutcomeCode): void {
    this.#connections.forEach((connection) => connection.cut(code));
  }

  onSecured(securing: SecuringConnection, secured: Connection | undefined): void {
    this.#forget(securing);
    if (secured) this.#open(secured, undefined, securing.info);
    else this.#host.onConnectionGone(this);
  }

  onSecuringLate(): void {
    this.#host.statistics.secureTimeouts.add();
  }

  onClosed(connection: DownstreamConnection): void {
    if (connection.acceptedBy) connection.acceptedBy.connectionsActive -= 1;
    this.#forget(connection);
    for (const gate of this.#gates) gate.release?.();
    this.#host.onConnectionGone(this);
  }

  onHttp2(connection: HandedOver, transport: Connection, firstBytes: Buffer): void {
    this.#forget(connection);
    const manager = this.#lastManager;
    if (manager) this.#openHttp2(manager, transport, connection.id, firstBytes, connection.connectionInfo);
  }

  #open(connection: Connection, firstBytes: Buffer | undefined, info: ConnectionInfo | undefined): void {
    const { server } = this.#config;
    if (this.#gates.length > 0 && !this.#admit((info ??= new ConnectionInfo(connection)))) return this.#refuse(connection);
    if (this.#lastManager) this.#openHttp(this.#lastManager, connection, firstBytes, info);
    else if (server) {
      const { engine } = this.#host;
      const opened = openServer(server, {
        engine,
        owner: this,
        connection,
        info: info ?? new ConnectionInfo(connection),
        id: this.#host.nextConnectionId(),
        filterChainName: this.#config.name,
      });
      this.#add(opened);
      deliver(opened, firstBytes);
    } else this.#refuse(connection);
  }

  #openHttp(manager: ConnectionManager, connection: Connection, firstBytes: Buffer | undefined, info: ConnectionInfo | undefined): void {
    const { engine } = this.#host;
    manager.statistics.connectionsTotal.add();
    manager.statistics.connectionsActive += 1;
    if (connection.tls) manager.statistics.connections.secured.opened();
    const id = this.#host.nextConnectionId();
    if (speaksHttp2(manager, connection)) return this.#openHttp2(manager, connection, id, firstBytes, info);
    const downstream = new Http1Downstream(this, manager, engine, connection, id, info);
    const handler = new HandlerInTurn(engine.turn, downstream);
    connection.handler = handler;
    this.#add(downstream);
    if (this.#isRetired) downstream.retire();
    if (firstBytes) handler.onData(firstBytes, firstBytes.length);
  }

  #openHttp2(manager: ConnectionManager, connection: Connection, id: number, firstBytes: Buffer | undefined, info: ConnectionInfo | undefined): void {
    const opened = new Http2Downstream(this, manager, this.#host.engine, connection, id, firstBytes, info);
    this.#add(opened);
    // A connection of HTTP/1 ends with its first request; here the client must be told.
    if (this.#isRetired) opened.retire();
  }

  /** All gates in order; one that refuses undoes what those before it have counted. */
  #admit(info: ConnectionInfo): boolean {
    const gates = this.#gates;
    const refusing = gates.findIndex((gate) => !gate.admit(info));
    if (refusing === -1) return true;
    for (const gate of gates.slice(0, refusing)) gate.release?.();
    return false;
  }

  #refuse(connection: Connection): void {
    connection.destroy();
    this.#host.onConnectionGone(this);
  }

  #add(connection: DownstreamConnection): void {
    const { sweep } = this.#host.engine;
    this.#connections.add(connection);
    sweep.add(connection);
    if (this.#isRetired && this.sweepIndex < 0) sweep.add(this);
  }

  #forget(connection: DownstreamConnection): void {
    const { sweep } = this.#host.engine;
    this.#connections.remove(connection);
    sweep.remove(connection);
    if (this.#isRetired && this.#connections.size === 0) sweep.remove(this);
  }
}

/** By configuration, or because TLS has agreed on it. */
function speaksHttp2({ config }: ConnectionManager, { tls }: Connection): boolean {
  return config.codec === 'http2' || (config.codec !== 'http1' && tls?.alpnProtocol === 'h2');
}

const noGates: readonly never[] = [];

function managerOf(config: FilterChainConfig, engine: Engine): ConnectionManager | undefined {
  return config.manager && new ConnectionManager(config.manager, engine, config.name);
}
