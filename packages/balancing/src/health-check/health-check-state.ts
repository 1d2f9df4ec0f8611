/**
 * What active checks make of one host: a machine that takes the result of each check and says what it means and when
 * to check again. The rules are Envoy's.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking
 */
import { randomInt, type Random } from '@sluice/kernel';
import type { HealthCheckSettings } from './health-check-settings.ts';

/** How a check went. */
export type CheckResult =
  /** `degraded`: it answers as it should, and says that it is not at its best. */
  | { readonly kind: 'passed'; readonly degraded: boolean }
  /** It answered, and not as it should. That needs no second opinion, unless `retriable` says that it may pass. */
  | { readonly kind: 'refused'; readonly retriable: boolean }
  /** It could not be asked, or did not answer in time: the network may be to blame. */
  | { readonly kind: 'unreachable'; readonly timedOut: boolean };

export interface CheckVerdict {
  /** Whether the host's health is another than before. */
  readonly changed: boolean;
  /** When to check again, in ms from now. */
  readonly nextDelayMs: number;
}

export class HealthCheckState {
  readonly #settings: HealthCheckSettings;
  readonly #random: Random;
  #isHealthy = false;
  #isDegraded = false;
  #hasTimedOut = false;
  #isPending = true;
  /** In a row, towards the other health. */
  #successes = 0;
  #failures = 0;

  constructor(settings: HealthCheckSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** A host is ill until its first check has passed. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Well, but by its own word not at its best. */
  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /** No check has come back yet. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** The last check had no answer in time. */
  get hasTimedOut(): boolean {
    return this.#hasTimedOut;
  }

  /** What was seen elsewhere leaves no doubt that it is ill. Whether that is news. */
  failNow(): boolean {
    const wasHealthy = this.#isHealthy;
    this.#isHealthy = false;
    this.#successes = 0;
    this.#failures = 0;
    return wasHealthy;
  }

  /** When to check for the first time, in ms. */
  firstDelayMs(): number {
    const { initialJitterMs } = this.#settings;
    return initialJitterMs > 0 ? randomInt(this.#random, initialJitterMs) : 0;
  }

  /** @param hasTraffic whether the cluster has ever had a connection */
  step(result: CheckResult, hasTraffic: boolean): CheckVerdict {
    const wasHealthy = this.#isHealthy;
    const wasDegraded = this.#isDegraded;
    const wasPending = this.#isPending;
    this.#isPending = false;
    this.#hasTimedOut = result.kind === 'unreachable' && result.timedOut;
    if (result.kind === 'passed') this.#pass(result.degraded, wasPending);
    else this.#fail(result.kind === 'refused' && !result.retriable);
    // On its way to the other health, and not there yet.
    const isOnEdge = (result.kind === 'passed') !== this.#isHealthy;
    return {
      changed: this.#isHealthy !== wasHealthy || this.#isDegraded !== wasDegraded || wasPending,
      nextDelayMs: this.#withJitter(this.#intervalMs(result.kind === 'passed', isOnEdge, hasTraffic)),
    };
  }

  /** The very first result counts at once, so that a start is fast. */
  #pass(degraded: boolean, isFirst: boolean): void {
    this.#failures = 0;
    this.#isDegraded = degraded;
    if (this.#isHealthy) return;
    this.#successes += 1;
    if (isFirst || this.#successes >= this.#settings.healthyThreshold) this.#isHealthy = true;
  }

  #fail(isCertain: boolean): void {
    this.#successes = 0;
    if (!this.#isHealthy) return;
    this.#failures += 1;
    if (isCertain || this.#failures >= this.#settings.unhealthyThreshold) this.#isHealthy = false;
  }

  #intervalMs(passed: boolean, isOnEdge: boolean, hasTraffic: boolean): number {
    const settings = this.#settings;
    if (!hasTraffic) return passed && !isOnEdge ? settings.noTrafficHealthyIntervalMs : settings.noTrafficIntervalMs;
    if (passed) return isOnEdge ? settings.healthyEdgeIntervalMs : settings.intervalMs;
    return isOnEdge ? settings.unhealthyEdgeIntervalMs : settings.unhealthyIntervalMs;
  }

  #withJitter(intervalMs: number): number {
    const { intervalJitterPercent, intervalJitterMs } = this.#settings;
    const partMs = Math.floor((intervalJitterPercent * intervalMs) / 100);
    return intervalMs + (partMs > 0 ? randomInt(this.#random, partMs) : 0) + (intervalJitterMs > 0 ? randomInt(this.#random, intervalJitterMs) : 0);
  }
}
