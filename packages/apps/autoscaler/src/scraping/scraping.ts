/**
 * Asks pods for their load that do not push it: once a second, each revision that has such pods. So a stock queue-proxy scales under
 * this autoscaler, and pods of both kinds may stand side by side without any being counted twice.
 */
import type { Clock, LabelValues, Logger, Meter, Network, Random, Timer, Timers } from '@sluice/kernel';
import type { ScalingSpec, Stat } from '@sluice/scaling';
import { scrapeStat } from '@sluice/stats';
import type { ReadyPod } from '../ready-pods.ts';
import { scrapeRevision, type ScrapePlan } from './revision-scrape.ts';

/** `auto`: pods that have not pushed. `all`: every pod, as Knative does. `off`: none. */
export type ScrapeMode = 'auto' | 'all' | 'off';

export interface ScrapingOptions {
  readonly mode: ScrapeMode;
  readonly network: Network;
  readonly meshMode: () => ScrapePlan['meshMode'];
  /** Whether a mesh lets pods be asked by their addresses, if it is told which Service that is for. */
  readonly passesMesh: () => boolean;
  /** The pods that are ready, and the Service they stand behind as `name.namespace`. */
  readonly podsOf: (key: string) => { readonly pods: readonly ReadyPod[]; readonly service: string | undefined };
  /** Whether a pod's own word stands. */
  readonly hasReported: (key: string, podName: string) => boolean;
  readonly record: (key: string, stat: Stat) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Knative's `scrapeTickInterval`, in ms. */
const tickMs = 1000;

/** How long a pod that is ready may take to push, in `auto`, in ms. Chosen: three times the period of its reports. */
const firstReportMs = 3000;

/** Where a pod answers when its slice does not say. */
const defaultPort = 9090;

/** Revisions that are asked about at once. Chosen: below the sockets a process may have, with sixteen pods each. */
const concurrentMax = 256;

/** Knative's bounds, in seconds. */
const durationBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Target {
  spec: ScalingSpec;
  /** Of its metrics. */
  labels: LabelValues;
  /** Since when each address has been ready. */
  readonly since: Map<string, number>;
  isBusy: boolean;
  /** Pods could not be asked and the Service could: for good, as in Knative. */
  isByService: boolean;
  hasFailed: boolean;
}

export class Scraping {
  readonly #options: ScrapingOptions;
  readonly #targets = new Map<string, Target>();
  #ticker: Timer | undefined;
  #running = 0;
  /** Revisions whose turn has come, in the order in which it came. */
  readonly #due = new Set<string>();

  constructor(options: ScrapingOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.mode !== 'off') this.#ticker = this.#options.timers.every(tickMs, () => this.#tick());
  }

  stop(): void {
    this.#ticker?.cancel();
  }

  /** @param labels whose scrapes they are, for their metric */
  upsert(key: string, spec: ScalingSpec, labels: LabelValues): void {
    const known = this.#targets.get(key);
    if (known) Object.assign(known, { spec, labels });
    else this.#targets.set(key, { spec, labels, since: new Map(), isBusy: false, isByService: false, hasFailed: false });
  }

  remove(key: string): void {
    this.#targets.delete(key);
  }

  /** Whoever waits from a tick before keeps its place. */
  #tick(): void {
    for (const key of this.#targets.keys()) this.#due.add(key);
    this.#askDue();
  }

  /** A scrape that takes longer than a second makes the next one wait, and so do too many at once. */
  #askDue(): void {
    for (const key of this.#due) {
      if (this.#running >= concurrentMax) return;
      this.#due.delete(key);
      const target = this.#targets.get(key);
      const plan = target && this.#plan(key, target);
      if (!plan || target.isBusy) continue;
      target.isBusy = true;
      this.#running += 1;
      // Detached: it handles every failure itself.
      void this.#scrape(key, target, plan).finally(() => {
        target.isBusy = false;
        this.#running -= 1;
        this.#askDue();
      });
    }
  }

  /** Undefined when there is nobody to ask. */
  #plan(key: string, target: Target): ScrapePlan | undefined {
    const { mode, clock, podsOf, hasReported, meshMode, passesMesh } = this.#options;
    const { spec, since } = target;
    // Always behind activators: they see everything.
    if (spec.decider.targetBurstCapacity === -1) return undefined;
    const now = clock.now();
    const { pods: ready, service } = podsOf(key);
    const addresses = new Set(ready.map(({ address }) => address));
    for (const address of since.keys()) if (!addresses.has(address)) since.delete(address);
    const pods = ready.flatMap(({ address, podName, metricsPort }) => {
      const readySince = since.get(address) ?? now;
      since.set(address, readySince);
      const ageMs = now - readySince;
      const isAsked = mode === 'all' || (ageMs >= firstReportMs && !(podName !== undefined && hasReported(key, podName)));
      return isAsked ? [{ address, ageMs, port: metricsPort ?? defaultPort }] : [];
    });
    if (pods.length === 0) return undefined;
    return {
      pods,
      stableWindowMs: spec.decider.stableWindowMs,
      service: service === undefined ? undefined : { host: service, port: defaultPort },
      // What is passed is never gone round: Knative's rule, too.
      meshMode: passesMesh() ? 'disabled' : target.isByService ? 'enabled' : meshMode(),
    };
  }

  async #scrape(key: string, target: Target, plan: ScrapePlan): Promise<void> {
    const { network, timers, random, clock, meter, logger, record, passesMesh } = this.#options;
    const startedAt = clock.now();
    const passing = passesMesh() && plan.service ? { host: plan.service.host, 'knative-direct-lb': 'true' } : undefined;
    const result = await scrapeRevision(plan, { random, ask: (address) => scrapeStat({ network, timers, address, ...(passing ? { headers: passing } : {}) }) });
    meter.counter('sluice_autoscaler_scrapes_total', 'Scrapes of revisions by outcome.', { outcome: result.kind === 'stat' ? result.by : 'failed' }).add();
    if (this.#targets.get(key) !== target) return;
    meter.histogram('kn_autoscaler_scrape_duration_seconds', 'Time to ask the pods of one revision.', durationBounds, target.labels).observe((clock.now() - startedAt) / 1000);
    if (result.kind === 'stat') {
      target.isByService ||= result.by === 'service' && plan.meshMode === 'auto';
      record(key, result.stat);
    } else if (!target.hasFailed) {
      // Nothing is recorded: silence is not the same as no load. Said once until it works again.
      logger.warn('scrape failed', { revision: key, reason: result.reason });
    }
    target.hasFailed = result.kind === 'failed';
  }
}
