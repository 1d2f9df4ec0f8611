/**
 * The numbers of virtual clusters and of routes with a `stat_prefix`: `vhost.<host>.vcluster.<name>.…` and
 * `vhost.<host>.route.<prefix>.…`. Only requests whose route asks for them come here, and numbers go with what they are of.
 */
import type { Counter, Histogram, LabelValues, Meter } from '@sluice/kernel';
import type { ProxyConfig } from './proxy-config.ts';
import { timeBoundsMs } from './time-bounds.ts';

/** Of requests that went to a cluster. */
class RoutedCounters {
  readonly #meter: Meter;
  readonly #prefix: string;
  readonly #labels: LabelValues;
  readonly #total: Counter;
  readonly #completed: Counter;
  readonly #timeouts: Counter;
  readonly #time: Histogram;
  readonly #byStatus: { readonly ofStatus: Counter; readonly ofClass: Counter }[] = [];

  constructor(meter: Meter, prefix: string, labels: LabelValues) {
    this.#meter = meter;
    this.#prefix = `${prefix}_upstream_rq`;
    this.#labels = labels;
    this.#total = meter.counter(`${this.#prefix}_total`, 'requests that went to a cluster', labels);
    this.#completed = meter.counter(`${this.#prefix}_completed`, 'requests that were answered', labels);
    this.#timeouts = meter.counter(`${this.#prefix}_timeout`, 'requests that were not answered in time', labels);
    this.#time = meter.histogram(`${this.#prefix}_time`, 'time until the response has ended, in ms', timeBoundsMs, labels);
  }

  count({ status, isTimeout, upstreamMs }: RoutedEnd): void {
    this.#total.add();
    if (isTimeout) this.#timeouts.add();
    if (status === 0) return;
    this.#completed.add();
    const { ofStatus, ofClass } = (this.#byStatus[status] ??= this.#statusCounters(status));
    ofStatus.add();
    ofClass.add();
    if (upstreamMs >= 0) this.#time.observe(upstreamMs);
  }

  remove(): void {
    this.#meter.remove(this.#labels);
  }

  #statusCounters(status: number): { readonly ofStatus: Counter; readonly ofClass: Counter } {
    const counter = (suffix: string, help: string, label: LabelValues) => this.#meter.counter(`${this.#prefix}${suffix}`, help, { ...this.#labels, ...label });
    return {
      ofStatus: counter('', 'responses by status', { envoy_response_code: String(status) }),
      ofClass: counter('_xx', 'responses by status class', { envoy_response_code_class: String((status / 100) | 0) }),
    };
  }
}

/** How a request ended. */
export interface RoutedEnd {
  readonly virtualHost: string;
  /** Empty: none. */
  readonly virtualCluster: string;
  readonly statPrefix: string | undefined;
  /** Of the response; 0 when there was none. */
  readonly status: number;
  readonly isTimeout: boolean;
  /** Since the upstream was asked; below 0 when it was not. */
  readonly upstreamMs: number;
}

export class RoutedStatistics {
  readonly #meter: Meter;
  readonly #byHost = new Map<string, Map<string, RoutedCounters>>();
  readonly #isConfigured: (virtualHost: string, name: string) => boolean;

  /** @param isConfigured whether there is this host in force, with this `countedName` */
  constructor(meter: Meter, isConfigured: (virtualHost: string, name: string) => boolean) {
    this.#meter = meter;
    this.#isConfigured = isConfigured;
  }

  count(end: RoutedEnd): void {
    if (end.virtualCluster !== '') this.#countersOf('vcluster', 'envoy_virtual_cluster', end.virtualHost, end.virtualCluster)?.count(end);
    if (end.statPrefix !== undefined) this.#countersOf('route', 'envoy_route', end.virtualHost, end.statPrefix)?.count(end);
  }

  /** Another configuration is in force: numbers of what is not in it any more go. */
  forgetGone(): void {
    for (const [virtualHost, ofHost] of this.#byHost) {
      for (const [name, counters] of ofHost) {
        if (this.#isConfigured(virtualHost, name)) continue;
        counters.remove();
        ofHost.delete(name);
      }
      if (ofHost.size === 0) this.#byHost.delete(virtualHost);
    }
  }

  /** Undefined for a stream of a configuration before: what it would be counted by is gone, and stays so. */
  #countersOf(scope: CountedScope, label: string, virtualHost: string, name: string): RoutedCounters | undefined {
    const key = countedName(scope, name);
    const known = this.#byHost.get(virtualHost)?.get(key);
    if (known || !this.#isConfigured(virtualHost, key)) return known;
    const made = new RoutedCounters(this.#meter, `envoy_vhost_${scope}`, { envoy_virtual_host: virtualHost, [label]: name });
    const ofHost = this.#byHost.get(virtualHost) ?? new Map<string, RoutedCounters>();
    this.#byHost.set(virtualHost, ofHost.set(key, made));
    return made;
  }
}

type CountedScope = 'vcluster' | 'route';

/** A virtual cluster, or a route by its `stat_prefix`, within its virtual host. */
export function countedName(scope: CountedScope, name: string): string {
  return `${scope}.${name}`;
}

/** Whether one of the route tables of `config` has it. */
export function isCountedIn({ listeners }: ProxyConfig, virtualHost: string, name: string): boolean {
  for (const { filterChains } of listeners.values()) {
    for (const { manager } of filterChains) if (manager?.routes?.counted?.get(virtualHost)?.has(name)) return true;
  }
  return false;
}
