/** The proxy as one object: what listens, what is in force, and how it comes to its end. */
import { formatAddress, MeshError, problem, type Address, type Problem, type Timer } from '@sluice/kernel';
import { ServiceLogs } from './access-log/service-logs.ts';
import { AccessLogs } from './access-log-batch.ts';
import { Listener, type ListenerHost } from './downstream/listener.ts';
import { ClusterManagerStatistics } from './upstream/cluster-manager-statistics.ts';
import { ListenerManagerStatistics } from './downstream/listener-manager-statistics.ts';
import { Drain } from './drain.ts';
import type { Engine } from './engine.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { ListenerConfig, ProxyConfig } from './proxy-config.ts';
import type { ClusterStatus, DrainOptions, ListenerStatus, Proxy, ProxyOptions, ProxyState, StopAcceptingOptions } from './proxy-options.ts';
import { OverloadManager } from './overload/overload-manager.ts';
import { OverloadState } from './overload/overload-state.ts';
import { globalConnectionLimit, listenerConnectionLimit } from './runtime/connection-limits.ts';
import { Specimens } from './specimens.ts';
import { Statistics } from './statistics.ts';
import { Sweep } from './sweep.ts';
import { Turn } from './turn.ts';
import type { AsyncClient } from './upstream/async-client.ts';
import { createAsyncClient } from './upstream/async-exchange.ts';
import { createNoResolver } from './upstream/dns/no-resolver.ts';
import type { ClusterLoad, LoadQuery } from './upstream/cluster-load.ts';
import { IdleRoom } from './upstream/idle-room.ts';
import { LocalZone } from './upstream/local-zone.ts';
import { changeClusters } from './upstream/cluster-set.ts';
import { measureLoad, takeLoad } from './upstream/measured-clusters.ts';

const nothing: ProxyConfig = { version: '', listeners: new Map(), clusters: new Map() };
const defaultSweepPeriodMs = 50;
/** Envoy's `drain_timeout`. */
const defaultDrainDeadlineMs = 5_000;

/** Envoy's `--drain-time-s`. */
const defaultListenerDrainMs = 600_000;

export function createProxy(options: ProxyOptions): Proxy {
  return new RunningProxy(options);
}

class RunningProxy implements Proxy {
  readonly #options: ProxyOptions;
  readonly #engine: Engine;
  readonly upstreams: AsyncClient;
  #state: ProxyState = 'created';
  #isConfigured = false;
  #connectionIds = 0;
  readonly #host: ListenerHost;
  readonly #watching: Timer | undefined;
  readonly #listenerStatistics: ListenerManagerStatistics;
  readonly #clusterStatistics: ClusterManagerStatistics;
  #listeners: ReadonlyMap<string, Listener> = new Map();
  /** Listeners that are gone, with connections that are not. */
  readonly #retired = new Set<Listener>();
  /** Whose load is wanted, by server. */
  readonly #measured = new Map<string, LoadQuery>();
  #accepts: 'all' | 'all-but-inbound' | 'nothing' = 'all';
  #draining: Promise<void> | undefined;
  /** Configurations are applied one after the other. */
  #applying: Promise<unknown> = Promise.resolve();

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { clock, timers, random, network, logger, meter } = options;
    const turn = new Turn(clock);
    const sweep = new Sweep(turn, timers, options.sweepPeriodMs ?? defaultSweepPeriodMs);
    const openAccessLog = options.openAccessLog ?? (() => ({ write() {} }));
    const serviceLogs = new ServiceLogs({ meter, logger, client: () => this.upstreams });
    const accessLogs = new AccessLogs(openAccessLog, clock, sweep, options.logDelayMsMax, (service) => serviceLogs.open(service));
    const { localZone, outlierEventLogPath, localAddress, idleConnections } = options.clusterManager ?? {};
    this.#engine = {
      turn,
      timers,
      random,
      network,
      resolver: options.resolver ?? createNoResolver(timers),
      logger,
      sweep,
      statistics: new Statistics(meter, () => this.#engine.current.config),
      output: new OutputBuffer(turn, network),
      accessLogs,
      localZone: localZone && new LocalZone(localZone.clusterName, localZone.locality),
      outlierEvents: outlierEventLogPath ? accessLogs.to(outlierEventLogPath) : undefined,
      localAddress,
      idleRoom: idleConnections && new IdleRoom<object>(idleConnections, meter.counter('sluice_upstream_idle_connections_closed_total', 'Connections to hosts that were closed since as many lay idle as may.')),
      current: { config: nothing, clusters: new Map() },
      drain: new Drain(random),
      listenerDrainMs: options.listenerDrainMs ?? defaultListenerDrainMs,
      overload: new OverloadState(random),
      tracer: options.tracer,
      activeStreams: 0,
      activeTunnels: 0,
      specimens: new Specimens(),
      onQuieter: () => {},
    };
    this.upstreams = createAsyncClient(this.#engine);
    this.#host = {
      engine: this.#engine,
      nextConnectionId: () => (this.#connectionIds += 1),
      connectionLimitOf: (listener) => listenerConnectionLimit(options.runtime, listener),
      listenerAt: (address) => this.#listenerAt(address),
      onListenerEmpty: (listener) => this.#forget(listener),
    };
    this.#watching = this.#watch();
    this.#clusterStatistics = new ClusterManagerStatistics(meter, () => this.#engine.current.clusters.size);
    this.#listenerStatistics = new ListenerManagerStatistics(meter, { active: () => this.#listeners.size, draining: () => this.#retired.size });
  }

  /** Watches the process, where the configuration asks for it. */
  #watch(): Timer | undefined {
    const { overload, runtime, meter, logger, timers } = this.#options;
    const { overload: state, drain } = this.#engine;
    state.connectionsMax = globalConnectionLimit(runtime) ?? state.connectionsMax;
    if (!overload) return undefined;
    const { config, readings } = overload;
    const manager = new OverloadManager({ config, readings, state, drain, meter, logger });
    return timers.every(config.refreshIntervalMs, () => manager.refresh());
  }

  get state(): ProxyState {
    return this.#state;
  }

  get ready(): boolean {
    return this.#state === 'ready' && this.#isConfigured && !this.isFailing;
  }

  get isFailing(): boolean {
    return this.#engine.drain.state === 'failing';
  }

  get config(): ProxyConfig | undefined {
    return this.#isConfigured ? this.#engine.current.config : undefined;
  }

  get activeTunnels(): number {
    return this.#engine.activeTunnels;
  }

  get activeStreams(): number {
    return this.#engine.activeStreams;
  }

  get activeConnections(): number {
    let connections = 0;
    for (const listener of [...this.#listeners.values(), ...this.#retired]) connections += listener.connections;
    return connections;
  }

  apply(config: ProxyConfig): Promise<readonly Problem[]> {
    const applied = this.#applying.then(() => this.#apply(config));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  start(): void {
    if (this.#state === 'created') this.#state = 'ready';
  }

  failHealthChecks(isFailing: boolean): void {
    this.#engine.drain.failHealthChecks(isFailing);
  }

  drain(options: DrainOptions = {}): Promise<void> {
    this.#draining ??= this.#drain(options);
    return this.#draining;
  }

  async stopAccepting({ inboundOnly = false }: StopAcceptingOptions = {}): Promise<void> {
    this.#accepts = inboundOnly ? 'all-but-inbound' : 'nothing';
    await Promise.all([...this.#listeners.values()].filter(({ config }) => !this.#accepted(config)).map((listener) => listener.stopAccepting()));
  }

  async #drain({ graceMs = 0, deadlineMs = defaultDrainDeadlineMs, strategy = 'immediate' }: DrainOptions): Promise<void> {
    const { drain, logger } = this.#engine;
    if (!drain.leave(this.#options.clock.now(), graceMs, strategy)) return;
    this.#state = 'draining';
    logger.info('draining', { graceMs, deadlineMs, strategy, connections: this.activeConnections, streams: this.activeStreams });
    const deadline = this.#pause(deadlineMs);
    if (graceMs > 0) await Promise.race([this.#pause(graceMs), deadline]);
    drain.close();
    await this.stopAccepting();
    for (const listener of this.#listeners.values()) listener.retireConnections();
    await Promise.race([this.#quiet(), deadline]);
    if (this.activeConnections > 0) logger.warn('drain deadline', { connections: this.activeConnections, streams: this.activeStreams });
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#engine.drain.end();
    const listeners = [...this.#listeners.values(), ...this.#retired];
    await Promise.all(listeners.map((listener) => listener.stopAccepting()));
    for (const listener of listeners) listener.cutConnections('drain-deadline');
    // What goes to services needs clusters.
    this.#engine.accessLogs.flush();
    for (const cluster of this.#engine.current.clusters.values()) cluster.drain();
    this.#engine.accessLogs.close();
    this.#engine.sweep.close();
    this.#watching?.cancel();
  }

  listeners(): readonly ListenerStatus[] {
    return [...this.#listeners.values()].map((listener) => listener.status());
  }

  reopenLogs(): void {
    this.#engine.accessLogs.reopen();
  }

  clusters(): readonly ClusterStatus[] {
    return [...this.#engine.current.clusters.values()].map((cluster) => cluster.status());
  }

  measureLoad(query: LoadQuery): void {
    this.#measured.set(query.server, query);
    measureLoad(this.#engine.current.clusters, query);
  }

  async takeLoad(query: LoadQuery): Promise<readonly ClusterLoad[]> {
    return takeLoad(this.#engine.current.clusters, query);
  }

  async #apply(config: ProxyConfig): Promise<readonly Problem[]> {
    if (this.#state === 'draining' || this.#state === 'closed') return [problem('', `the proxy is ${this.#state}`)];
    const added = await this.#bindNew(config);
    if (added.problems.length > 0) return added.problems;
    // From here on nothing can fail and nothing waits: the swap is one piece.
    const engine = this.#engine;
    const previous = engine.current;
    const { clusters, removed } = changeClusters(previous.clusters, config, engine);
    engine.current = { config, clusters };
    for (const query of this.#measured.values()) measureLoad(clusters, query);
    this.#clusterStatistics.countChange(previous.clusters, clusters);
    const before = this.#listeners;
    this.#listeners = new Map([...config.listeners.keys()].map((name) => [name, added.listeners.get(name) ?? (before.get(name) as Listener)] as const));
    for (const [name, listener] of this.#listeners) {
      const next = config.listeners.get(name) as ListenerConfig;
      this.#countChange(before.get(name), listener, next);
      listener.update(next);
    }
    for (const [name, listener] of before) {
      const next = this.#listeners.get(name);
      if (next === listener) continue;
      if (!next) this.#listenerStatistics.removed.add();
      next?.takeSockets(listener);
      this.#retire(listener, next);
    }
    for (const cluster of removed) {
      cluster.drain();
      if (!config.clusters.has(cluster.name)) engine.statistics.forgetUpstream(cluster.config.resource.statName);
    }
    engine.statistics.forgetGone();
    this.#isConfigured = true;
    engine.logger.info('config applied', { version: config.version, listeners: config.listeners.size, clusters: clusters.size });
    return [];
  }

  /** Makes and binds what is new, or in a new frame. All or nothing. */
  async #bindNew(config: ProxyConfig): Promise<{ readonly listeners: ReadonlyMap<string, Listener>; readonly problems: readonly Problem[] }> {
    const listeners = new Map<string, Listener>();
    const problems: Problem[] = [];
    for (const [name, listenerConfig] of config.listeners) {
      const known = this.#listeners.get(name);
      if (known && frameOf(known.config) === frameOf(listenerConfig)) continue;
      const listener = new Listener(listenerConfig, this.#host);
      try {
        if (!this.#accepted(listenerConfig)) {
          listeners.set(name, listener);
          continue;
        }
        await listener.bind(known);
        listeners.set(name, listener);
        this.#listenerStatistics.created.add();
        const bound = listener.status();
        this.#options.logger.info('listener bound', { listener: name, address: bound.address });
      } catch (error) {
        this.#listenerStatistics.failed.add();
        problems.push(problem(`listeners[${name}].address`, MeshError.from(error).message));
      }
    }
    if (problems.length > 0) await Promise.all([...listeners].map(([name, listener]) => listener.abandon(this.#listeners.get(name))));
    return { listeners, problems };
  }

  /** New routes of a listener are no change of it. */
  #countChange(before: Listener | undefined, now: Listener, next: ListenerConfig): void {
    const { added, modified, updatedInPlace } = this.#listenerStatistics;
    if (!before) return added.add();
    if (before === now && before.config.version === next.version) return;
    modified.add();
    if (before === now) updatedInPlace.add();
  }

  #accepted({ isInbound }: ListenerConfig): boolean {
    return this.#accepts === 'all' || (this.#accepts === 'all-but-inbound' && isInbound !== true);
  }

  /** The listener at exactly this address, else one at its port on all addresses. */
  #listenerAt(address: Address): Listener | undefined {
    const listeners = [...this.#listeners.values()];
    return listeners.find((listener) => listener.isAt(address, true)) ?? listeners.find((listener) => listener.isAt(address, false));
  }

  #retire(listener: Listener, next: Listener | undefined): void {
    void listener.stopAccepting();
    this.#retired.add(listener);
    listener.retire(next);
    if (listener.connections === 0) this.#forget(listener);
  }

  /** A listener that has gone, and has no connection left. Its numbers go with it, unless another goes on with them. */
  #forget(listener: Listener): void {
    if (!this.#retired.delete(listener)) return;
    const others = [...this.#listeners.values(), ...this.#retired];
    if (others.every(({ statistics }) => statistics !== listener.statistics)) this.#engine.statistics.forgetListener(listener.statistics);
    this.#engine.statistics.forgetGone();
  }

  /** Resolves when no connection is left. */
  #quiet(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (this.activeConnections === 0) resolve();
    };
    this.#engine.onQuieter = check;
    check();
    return promise;
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#options.timers.after(ms, resolve);
    return promise;
  }
}

/** What a listener keeps while only its chains and routes change. */
function frameOf({ frameVersion, version, address }: ListenerConfig): string {
  // A configuration that was written down by hand may change its address and nothing else.
  return `${frameVersion ?? version} ${formatAddress(address)}`;
}
