/**
 * Several workers as one proxy. The main thread owns the configuration: it has compiled it before a worker hears of it, and
 * a change is in force when every worker has it, or in none. A worker that dies is replaced by one with the configuration
 * in force. Numbers are gathered when somebody asks.
 */
import { problem, type Counter, type Logger, type Meter, type MetricFamily, type Network, type Problem, type Timers, type Tracer } from '@sluice/kernel';
import type { ConfigSnapshot } from '../config/config-resource.ts';
import type { ListenerConfig, ProxyConfig } from '../proxy-config.ts';
import type { ClusterStatus, DrainOptions, ListenerStatus, Proxy, ProxyState, StopAcceptingOptions } from '../proxy-options.ts';
import { noAsyncClient } from '../upstream/async-client.ts';
import type { ClusterLoad, LoadQuery } from '../upstream/cluster-load.ts';
import { mergeLoads } from './merge-loads.ts';
import { mergeFamilies, remainsOf } from './merge-metrics.ts';
import { mergeClusters, mergeListeners } from './merge-statuses.ts';
import { refuseUnshared } from './refuse-unshared.ts';
import { changeBetween, emptySnapshot } from './snapshot-change.ts';
import { portKey, type WireChange, type WorkerReport } from './worker-protocol.ts';
import { WorkerLink, type StartWorker } from './worker-link.ts';

export interface FleetOptions {
  /** How many; 2 or more. */
  readonly workers: number;
  readonly startWorker: StartWorker;
  /** Of the main thread: it finds free ports. */
  readonly network: Network;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Where spans of workers go. Default nowhere. */
  readonly tracer?: Tracer | undefined;
  /** Of the main thread; what workers count is added to it in `meter`. */
  readonly meter: Meter;
}

export interface Fleet extends Proxy {
  /** Workers are given the snapshot, and compile it themselves. Without one there is nothing new for them. */
  apply(config: ProxyConfig, snapshot?: ConfigSnapshot): Promise<readonly Problem[]>;
  /** The numbers of all, as of the last `gather`. */
  readonly meter: Meter;
  /** Asks all workers for their numbers. Whoever does not answer within half a second counts with its last ones. */
  gather(): Promise<void>;
  /** Whether workers send their debug lines. */
  setDebug(isWanted: boolean): void;
  /** What an operator sets, each worker has to know. An empty text takes back what was set. */
  overrideRuntime(changes: ReadonlyMap<string, string>): void;
}

const gatherMs = 500;

/** How often to gather without being asked, in ms, as Envoy's `stats_flush_interval`: so much is lost of what a dead worker counted. */
const gatherPeriodMs = 5_000;

/** What a worker that does not come up is waited for, in ms. Chosen: loading its code takes a tenth on a busy machine. */
const startMs = 20_000;

/** Beyond its deadline a drain is given this long before threads are ended, in ms. */
const drainSlackMs = 2_000;

const restartMsFirst = 100;
const restartMsMax = 10_000;

/** Fulfils when all workers are up. @throws MeshError when one is not */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const fleet = new RunningFleet(options);
  try {
    await fleet.open();
  } catch (error) {
    await fleet.close();
    throw error;
  }
  return fleet;
}

interface Seat {
  link: WorkerLink | undefined;
  report: WorkerReport | undefined;
  restartMs: number;
}

class RunningFleet implements Fleet {
  readonly meter: Meter;
  readonly upstreams = noAsyncClient;
  readonly #options: FleetOptions;
  readonly #seats: readonly Seat[];
  readonly #restarts: Counter;
  readonly #gathering: { cancel(): void };
  /** Counts of workers that have gone. */
  #departed: readonly MetricFamily[] = [];
  #state: ProxyState = 'created';
  #config: ProxyConfig | undefined;
  #snapshot: ConfigSnapshot = emptySnapshot;
  #ports: Readonly<Record<string, number>> = {};
  /** Whose load is wanted, by server. */
  readonly #measured = new Map<string, LoadQuery>();
  #isFailing = false;
  #isDebug = false;
  /** What operators have set. */
  readonly #overrides = new Map<string, string>();
  #stopped: StopAcceptingOptions | undefined;
  #draining: Promise<void> | undefined;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(options: FleetOptions) {
    const { workers, meter, timers } = options;
    this.#options = options;
    this.#seats = Array.from({ length: workers }, () => ({ link: undefined, report: undefined, restartMs: restartMsFirst }));
    this.#restarts = meter.counter('sluice_worker_restarts_total', 'workers that died and were replaced');
    this.#gathering = timers.every(gatherPeriodMs, () => void this.gather());
    this.meter = { ...meter, collect: () => [...mergeFamilies([meter.collect(), this.#departed, ...this.#reports().map(({ families }) => families)])] };
  }

  async open(): Promise<void> {
    await Promise.all(this.#seats.map((seat, index) => this.#fill(seat, index)));
  }

  get state(): ProxyState {
    return this.#state;
  }

  get ready(): boolean {
    return this.#state === 'ready' && this.#config !== undefined && !this.#isFailing && this.#live().length > 0;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get config(): ProxyConfig | undefined {
    return this.#config;
  }

  get activeTunnels(): number {
    return this.#reports().reduce((sum, { activeTunnels }) => sum + activeTunnels, 0);
  }

  get activeStreams(): number {
    return this.#reports().reduce((sum, { activeStreams }) => sum + activeStreams, 0);
  }

  get activeConnections(): number {
    return this.#reports().reduce((sum, { activeConnections }) => sum + activeConnections, 0);
  }

  listeners(): readonly ListenerStatus[] {
    return mergeListeners(this.#reports().map(({ listeners }) => listeners));
  }

  clusters(): readonly ClusterStatus[] {
    return mergeClusters(this.#reports().map(({ clusters }) => clusters));
  }

  measureLoad(query: LoadQuery): void {
    this.#measured.set(query.server, query);
    for (const link of this.#live()) link.tell({ kind: 'measure-load', query });
  }

  async takeLoad(query: LoadQuery): Promise<readonly ClusterLoad[]> {
    const answers = await Promise.all(this.#live().map((link) => link.ask({ kind: 'take-load', query }, gatherMs)));
    return mergeLoads(answers.map((answer) => (answer?.kind === 'load' ? answer.loads : [])));
  }

  start(): void {
    if (this.#state === 'created') this.#state = 'ready';
  }

  apply(config: ProxyConfig, snapshot: ConfigSnapshot = this.#snapshot): Promise<readonly Problem[]> {
    const applied = this.#applying.then(() => this.#apply(config, snapshot));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  failHealthChecks(isFailing: boolean): void {
    this.#isFailing = isFailing;
    for (const link of this.#live()) link.tell({ kind: 'fail-health-checks', isFailing });
  }

  overrideRuntime(changes: ReadonlyMap<string, string>): void {
    for (const [key, text] of changes) this.#overrides.set(key, text);
    for (const link of this.#live()) link.tell({ kind: 'override-runtime', changes });
  }

  setDebug(isWanted: boolean): void {
    this.#isDebug = isWanted;
    for (const link of this.#live()) link.tell({ kind: 'log-debug', isWanted });
  }

  async stopAccepting(options: StopAcceptingOptions = {}): Promise<void> {
    this.#stopped = options;
    await Promise.all(this.#live().map((link) => link.ask({ kind: 'stop-accepting', options })));
  }

  drain(options: DrainOptions = {}): Promise<void> {
    this.#draining ??= this.#drain(options);
    return this.#draining;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#gathering.cancel();
    await Promise.all(this.#live().map((link) => link.ask({ kind: 'close' }, drainSlackMs)));
    await Promise.all(this.#seats.map(({ link }) => link?.end()));
  }

  async gather(): Promise<void> {
    await Promise.all(this.#seats.map(async (seat) => {
      const { link } = seat;
      const answer = await link?.ask({ kind: 'collect' }, gatherMs);
      if (answer?.kind === 'collected' && seat.link === link) seat.report = answer.report;
    }));
  }

  async #drain(options: DrainOptions): Promise<void> {
    this.#state = 'draining';
    const deadlineMs = (options.deadlineMs ?? 5_000) + drainSlackMs;
    await Promise.all(this.#live().map((link) => link.ask({ kind: 'drain', options }, deadlineMs)));
    await this.close();
  }

  async #apply(config: ProxyConfig, snapshot: ConfigSnapshot): Promise<readonly Problem[]> {
    if (this.#state === 'draining' || this.#state === 'closed') return [problem('', `the proxy is ${this.#state}`)];
    const refused = refuseUnshared(config, snapshot);
    if (refused.length > 0) return refused;
    const ports = await this.#portsFor(config);
    const change = changeBetween(this.#snapshot, snapshot, ports);
    const [first, ...others] = this.#live();
    // One goes ahead: an address that cannot be had is found out before anybody else has changed.
    const found = first ? await applyTo(first, change) : [];
    if (hasErrors(found)) return found;
    const problems = (await Promise.all(others.map((link) => applyTo(link, change)))).flat();
    if (hasErrors(problems)) {
      const back = changeBetween(snapshot, this.#snapshot, this.#ports);
      await Promise.all(this.#live().map((link) => applyTo(link, back)));
      return problems;
    }
    this.#snapshot = snapshot;
    this.#config = config;
    this.#ports = ports;
    await this.gather();
    return [...found, ...problems];
  }

  /** Free ports for addresses that ask for any, the same for all workers and for as long as the listener asks so. */
  async #portsFor(config: ProxyConfig): Promise<Readonly<Record<string, number>>> {
    const ports: Record<string, number> = {};
    for (const listener of config.listeners.values()) {
      for (const [index, address] of addressesOf(listener).entries()) {
        if (address.port !== 0 || address.path !== undefined) continue;
        const key = portKey(listener.name, index);
        ports[key] = this.#ports[key] ?? (await this.#freePort(address.host));
      }
    }
    return ports;
  }

  async #freePort(host: string): Promise<number> {
    const bound = await this.#options.network.listen({ host, port: 0 }, (connection) => connection.destroy(), { reusePort: true });
    await bound.close();
    return bound.address.port;
  }

  async #fill(seat: Seat, index: number): Promise<void> {
    const { startWorker, timers, logger } = this.#options;
    const link = new WorkerLink(startWorker(index), { index, timers, logger, tracer: this.#options.tracer, onGone: (reason) => this.#onGone(seat, index, link, reason) });
    seat.link = link;
    await link.ready(startMs);
    if (this.#overrides.size > 0) link.tell({ kind: 'override-runtime', changes: this.#overrides });
    if (this.#isDebug) link.tell({ kind: 'log-debug', isWanted: true });
    for (const query of this.#measured.values()) link.tell({ kind: 'measure-load', query });
    if (this.#isFailing) link.tell({ kind: 'fail-health-checks', isFailing: true });
    if (this.#stopped) await link.ask({ kind: 'stop-accepting', options: this.#stopped });
    if (this.#config) {
      const problems = await applyTo(link, changeBetween(emptySnapshot, this.#snapshot, this.#ports));
      if (hasErrors(problems)) logger.error('worker without configuration', { worker: index, problems: problems.map(({ message }) => message) });
    }
  }

  #onGone(seat: Seat, index: number, link: WorkerLink, reason: string): void {
    if (seat.link !== link) return;
    if (seat.report) this.#departed = mergeFamilies([this.#departed, remainsOf(seat.report.families)]);
    seat.link = seat.report = undefined;
    if (this.#state === 'draining' || this.#state === 'closed') return;
    const { timers, logger } = this.#options;
    this.#restarts.add();
    logger.error('worker died', { worker: index, reason, restartMs: seat.restartMs });
    timers.after(seat.restartMs, () => {
      if (this.#state === 'draining' || this.#state === 'closed') return;
      // Behind the change that is under way, so that it has the newest and misses none.
      this.#applying = this.#applying.then(() => this.#fill(seat, index)).then(() => (seat.restartMs = restartMsFirst), () => {});
    });
    seat.restartMs = Math.min(seat.restartMs * 2, restartMsMax);
  }

  #live(): readonly WorkerLink[] {
    return this.#seats.flatMap(({ link }) => link ?? []);
  }

  #reports(): readonly WorkerReport[] {
    return this.#seats.flatMap(({ report }) => report ?? []);
  }
}

function addressesOf({ address, additionalAddresses = [] }: ListenerConfig) {
  return [address, ...additionalAddresses];
}

/** A worker that dies meanwhile gets the change when it is back, and is no reason to refuse it. */
async function applyTo(link: WorkerLink, change: WireChange): Promise<readonly Problem[]> {
  const answer = await link.ask({ kind: 'apply', change });
  if (answer === undefined) return [];
  return answer.kind === 'applied' ? answer.problems : [problem('', answer.kind === 'failed' ? answer.message : 'a worker did not say how it went')];
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

