/**
 * What requests wait for: virtual hosts and clusters that are not there and may be had for the asking. Each is asked for
 * once, whoever waits; those who wait are told when it is in force, when its source says that there is none, or when they have
 * waited long enough.
 */
import type { Meter, Timer, Timers } from '@sluice/kernel';
import type { Demand, DemandSide, RequestDemand } from '../filters/demand-side.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { RouteTable } from '../route-match.ts';

/** How many names may be waited for at once. Chosen: hosts are a client's to invent, and each costs a round trip. */
export const waitingMax = 256;

/** Of how many that have come the source is asked to go on telling. Chosen: as many services as one proxy may really call. */
export const keptMax = 4_096;

interface Wait {
  readonly demand: RequestDemand;
  readonly waiters: Set<() => void>;
  readonly timer: Timer;
}

export interface DemandsOptions {
  readonly timers: Timers;
  readonly meter: Meter;
}

export class Demands implements DemandSide {
  #config: ProxyConfig | undefined;
  readonly #timers: Timers;
  readonly #waits = new Map<string, Wait>();
  /** Those that have come, the oldest first. */
  readonly #kept = new Map<string, Demand>();
  readonly #listeners: ((demands: readonly Demand[]) => void)[] = [];
  readonly #counters;

  constructor({ timers, meter }: DemandsOptions) {
    this.#timers = timers;
    this.#counters = {
      asked: meter.counter('sluice_on_demand_asked_total', 'virtual hosts and clusters that were asked for because a request wanted them'),
      missing: meter.counter('sluice_on_demand_missing_total', 'of those, how many are not there'),
      timedOut: meter.counter('sluice_on_demand_timeout_total', 'of those, how many did not come in time'),
      overflow: meter.counter('sluice_on_demand_overflow_total', 'requests that went on without asking, since too much was asked for already'),
    };
  }

  /** Hears of all that is to be asked for, whenever that changes. */
  watch(listener: (demands: readonly Demand[]) => void): void {
    this.#listeners.push(listener);
  }

  hasCluster(name: string): boolean {
    return this.#config?.clusters.has(name) ?? true;
  }

  request(demand: RequestDemand, done: () => void): () => void {
    const key = keyOf(demand.typeUrl, demand.name);
    const wait = this.#waits.get(key) ?? this.#open(key, demand);
    if (!wait) {
      this.#counters.overflow.add();
      done();
      return () => {};
    }
    wait.waiters.add(done);
    return () => wait.waiters.delete(done);
  }

  /** This is in force now. */
  onApplied(config: ProxyConfig): void {
    this.#config = config;
    for (const [key, { demand }] of this.#waits) if (isThere(demand, config)) this.#conclude(key, true);
  }

  /** Its source says that there is none, or does not say anything. */
  onMissing(typeUrl: string, name: string): void {
    const key = keyOf(typeUrl, name);
    if (!this.#waits.has(key)) return;
    this.#counters.missing.add();
    this.#conclude(key, false);
  }

  #open(key: string, demand: RequestDemand): Wait | undefined {
    if (this.#listeners.length === 0 || this.#waits.size >= waitingMax) return undefined;
    const timer = this.#timers.after(demand.timeoutMs, () => {
      this.#counters.timedOut.add();
      this.#conclude(key, false);
    });
    const wait: Wait = { demand, waiters: new Set(), timer };
    this.#waits.set(key, wait);
    this.#counters.asked.add();
    this.#tell();
    return wait;
  }

  #conclude(key: string, isThere: boolean): void {
    const wait = this.#waits.get(key);
    if (!wait) return;
    this.#waits.delete(key);
    wait.timer.cancel();
    if (isThere) this.#keep(key, wait.demand);
    this.#tell();
    for (const waiter of wait.waiters) waiter();
  }

  #keep(key: string, { typeUrl, name, source }: Demand): void {
    this.#kept.set(key, { typeUrl, name, source });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptMax) return;
      this.#kept.delete(oldest);
    }
  }

  #tell(): void {
    const demands = [...this.#kept.values(), ...[...this.#waits.values()].map(({ demand }) => demand)];
    for (const listener of this.#listeners) listener(demands);
  }
}

function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}

function isThere({ name, host }: RequestDemand, config: ProxyConfig): boolean {
  return host ? (tableIn(config, host.table)?.discovery?.has(host.name) ?? false) : config.clusters.has(name);
}

function tableIn({ listeners }: ProxyConfig, name: string): RouteTable | undefined {
  for (const { filterChains } of listeners.values()) {
    for (const { manager } of filterChains) if (manager?.routes?.name === name) return manager.routes;
  }
  return undefined;
}
