/**
 * Outlier detection: watches how requests fare at each host, and says which hosts should get none for a while. A
 * machine without timers: results and sweeps go in, events come out. The rules and their order are Envoy's.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
import { randomInt, type Random } from '@sluice/kernel';
import { HostRecord, type RateWindow, type TryResult } from './host-record.ts';
import type { OutlierCause, OutlierSettings } from './outlier-settings.ts';

/** Each but `returned` also means that the host was found to be an outlier. */
export type OutlierEvent<H> =
  | { readonly kind: 'ejected'; readonly host: H; readonly cause: OutlierCause }
  /** Found, but chance (`enforcing`) has let it be. */
  | { readonly kind: 'spared'; readonly host: H; readonly cause: OutlierCause }
  /** Found, but too many are ejected already. */
  | { readonly kind: 'overflowed'; readonly host: H; readonly cause: OutlierCause }
  | { readonly kind: 'returned'; readonly host: H };

/** `H` is whatever stands for a host: the detector only tells hosts apart. */
export class OutlierDetector<H> {
  readonly #settings: OutlierSettings;
  readonly #random: Random;
  readonly #records = new Map<H, HostRecord>();
  #ejected = 0;
  /** Of the call that is under way. */
  #events: OutlierEvent<H>[] = [];

  constructor(settings: OutlierSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** How many hosts are ejected now. */
  get ejectedCount(): number {
    return this.#ejected;
  }

  isEjected(host: H): boolean {
    return this.#records.get(host)?.ejectedAt !== undefined;
  }

  /** These are the hosts. Those that stay keep their record. */
  setHosts(hosts: readonly H[]): void {
    const now = new Set(hosts);
    for (const [host, record] of this.#records) {
      if (now.has(host)) continue;
      if (record.ejectedAt !== undefined) this.#ejected -= 1;
      this.#records.delete(host);
    }
    for (const host of hosts) if (!this.#records.has(host)) this.#records.set(host, new HostRecord());
  }

  /** A connection came about. Counts only where local failures are counted apart. */
  observeConnected(host: H): void {
    const record = this.#settings.splitsLocalErrors ? this.#records.get(host) : undefined;
    if (record) this.#countLocal(host, record, true, 0);
  }

  /** A try has ended. */
  observe(host: H, result: TryResult, now: number): readonly OutlierEvent<H>[] {
    const record = this.#records.get(host);
    if (!record) return none;
    const { splitsLocalErrors } = this.#settings;
    switch (result.kind) {
      case 'answered':
        this.#countAnswer(host, record, result.status, now);
        break;
      // What is not counted apart counts as the status that the client gets for it.
      case 'failed':
        if (splitsLocalErrors) this.#countLocal(host, record, false, now);
        else this.#countAnswer(host, record, 503, now);
        break;
      case 'timed-out':
        if (splitsLocalErrors) this.#countLocal(host, record, false, now);
        else this.#countAnswer(host, record, 504, now);
        break;
    }
    return this.#takeEvents();
  }

  /** Once each interval: who may come back does, and the rates of the interval are judged. */
  sweep(now: number): readonly OutlierEvent<H>[] {
    for (const [host, record] of this.#records) this.#mayReturn(host, record, now);
    this.#judgeRates((record) => record.answers, 'success_rate', 'failure_percentage', now);
    this.#judgeRates((record) => record.localTries, 'local_origin_success_rate', 'local_origin_failure_percentage', now);
    for (const record of this.#records.values()) {
      record.answers.clear();
      record.localTries.clear();
    }
    return this.#takeEvents();
  }

  /** An active check has found the host well: it comes back at once, where settings say so. */
  observeHealthy(host: H): readonly OutlierEvent<H>[] {
    const record = this.#records.get(host);
    if (!this.#settings.healthCheckUnejects || record?.ejectedAt === undefined) return none;
    this.#return(host, record);
    return this.#takeEvents();
  }

  #countAnswer(host: H, record: HostRecord, status: number, now: number): void {
    const isFailure = status >= 500;
    record.answers.count(!isFailure);
    if (!isFailure) {
      record.consecutive5xx = 0;
      record.consecutiveGatewayFailures = 0;
      return;
    }
    if (status >= 502 && status <= 504) {
      record.consecutiveGatewayFailures += 1;
      if (record.consecutiveGatewayFailures === this.#settings.consecutiveGatewayFailure) {
        this.#found(host, record, 'consecutive_gateway_failure', now);
      }
    } else {
      record.consecutiveGatewayFailures = 0;
    }
    record.consecutive5xx += 1;
    if (record.consecutive5xx === this.#settings.consecutive5xx) this.#found(host, record, 'consecutive_5xx', now);
  }

  #countLocal(host: H, record: HostRecord, isSuccess: boolean, now: number): void {
    record.localTries.count(isSuccess);
    if (isSuccess) {
      record.consecutiveLocalFailures = 0;
      return;
    }
    record.consecutiveLocalFailures += 1;
    if (record.consecutiveLocalFailures === this.#settings.consecutiveLocalFailure) {
      this.#found(host, record, 'consecutive_local_origin_failure', now);
    }
  }

  /** An outlier: ejected, unless it is already, or too many are, or chance lets it be. */
  #found(host: H, record: HostRecord, cause: OutlierCause, now: number): void {
    if (record.ejectedAt !== undefined) return;
    if (cause === 'consecutive_5xx') record.consecutive5xx = 0;
    else if (cause === 'consecutive_gateway_failure') record.consecutiveGatewayFailures = 0;
    else if (cause === 'consecutive_local_origin_failure') record.consecutiveLocalFailures = 0;
    if (!this.#mayEject()) {
      this.#events.push({ kind: 'overflowed', host, cause });
      return;
    }
    if (randomInt(this.#random, 100) >= this.#settings.enforcing[cause]) {
      this.#events.push({ kind: 'spared', host, cause });
      return;
    }
    const { baseEjectionTimeMs, ejectionTimeMaxMs, ejectionTimeJitterMs } = this.#settings;
    this.#ejected += 1;
    record.ejectedAt = now;
    record.jitterMs = ejectionTimeJitterMs > 0 ? randomInt(this.#random, ejectionTimeJitterMs) : 0;
    if (baseEjectionTimeMs * record.multiplier < ejectionTimeMaxMs + baseEjectionTimeMs) record.multiplier += 1;
    this.#events.push({ kind: 'ejected', host, cause });
  }

  #mayEject(): boolean {
    const { ejectionPercentMax, ejectsOneAlways } = this.#settings;
    if (ejectsOneAlways && this.#ejected === 0) return true;
    return (100 * (this.#ejected + 1)) / this.#records.size <= ejectionPercentMax;
  }

  #mayReturn(host: H, record: HostRecord, now: number): void {
    if (record.ejectedAt === undefined) {
      if (record.multiplier > 0) record.multiplier -= 1;
      return;
    }
    const { baseEjectionTimeMs, ejectionTimeMaxMs } = this.#settings;
    const lastsMs = Math.min(baseEjectionTimeMs * record.multiplier, ejectionTimeMaxMs) + record.jitterMs;
    if (now - record.ejectedAt >= lastsMs) this.#return(host, record);
  }

  #return(host: H, record: HostRecord): void {
    this.#ejected -= 1;
    record.ejectedAt = undefined;
    record.clearConsecutive();
    this.#events.push({ kind: 'returned', host });
  }

  #judgeRates(windowOf: (record: HostRecord) => RateWindow, bySuccessRate: OutlierCause, byPercentage: OutlierCause, now: number): void {
    const { successRate, failurePercentage } = this.#settings;
    const byRate = this.#ratesOf(windowOf, successRate.requestsMin);
    const byFailures = this.#ratesOf(windowOf, failurePercentage.requestsMin);
    if (byRate.length > 0 && byRate.length >= successRate.hostsMin) {
      const threshold = ejectionThreshold(byRate.map(({ rate }) => rate), successRate.deviationsPerMille);
      for (const { host, record, rate } of byRate) if (rate < threshold) this.#found(host, record, bySuccessRate, now);
    }
    if (byFailures.length > 0 && byFailures.length >= failurePercentage.hostsMin) {
      for (const { host, record, rate } of byFailures) {
        if (100 - rate >= failurePercentage.thresholdPercent) this.#found(host, record, byPercentage, now);
      }
    }
  }

  /** The success rates of hosts that are in use and have had enough requests. */
  #ratesOf(windowOf: (record: HostRecord) => RateWindow, requestsMin: number) {
    return [...this.#records].flatMap(([host, record]) => {
      const window = windowOf(record);
      const rate = window.successRate;
      return rate === undefined || record.ejectedAt !== undefined || window.total < requestsMin ? [] : [{ host, record, rate }];
    });
  }

  #takeEvents(): readonly OutlierEvent<H>[] {
    if (this.#events.length === 0) return none;
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const none: readonly never[] = [];

/** The mean less so many standard deviations (of the population). */
export function ejectionThreshold(rates: readonly number[], deviationsPerMille: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - (deviationsPerMille / 1000) * Math.sqrt(variance);
}
