/** What one probe's results add up to, and when the next attempt is due. A machine without timers. */
import type { Probe } from '@sluice/kubernetes';

/** `initial`: neither threshold has been reached yet. */
export type ProbeVerdict = 'initial' | 'success' | 'failure';

export interface ProbeSchedule {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Attempts follow each other quickly until the first success. */
  readonly quickStart: boolean;
  /** Before the first of them, in ms, where that is longer than between them. Default 0. */
  readonly quickAfterMs?: number;
}

/** The shortest distance of two attempts, in ms. Chosen: half of what a person notices, and two syscalls' worth of work. */
const quickestMs = 25;

/** While the first success is awaited, at most this share of the time waited so far is added to it. */
const quickShare = 1 / 20;

/** Kubernetes' defaults: period 10 s, timeout 1 s, one success, three failures, no delay. */
export function probeSchedule(probe: Probe, quickStart: boolean): ProbeSchedule {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    // Knative writes a period of 0 for its own rhythm; a kubelet takes its default then.
    periodMs: (probe.periodSeconds || 10) * 1000,
    timeoutMs: (probe.timeoutSeconds || 1) * 1000,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    quickStart,
  };
}

/**
 * Counts consecutive results against the thresholds. Quick attempts do not make failures add up faster:
 * within one period only one failure counts, so a slow program has as long as its spec promises.
 */
export class ProbeProgress {
  readonly #schedule: ProbeSchedule;
  readonly #startedAt: number;
  #verdict: ProbeVerdict = 'initial';
  #everSucceeded = false;
  #successes = 0;
  #failures = 0;
  #failureCountsFrom: number;

  /** @param now when the container (or, after its startup probe, the container's real life) began */
  constructor(schedule: ProbeSchedule, now: number) {
    this.#schedule = schedule;
    this.#startedAt = now;
    this.#failureCountsFrom = now + schedule.initialDelayMs;
  }

  get verdict(): ProbeVerdict {
    return this.#verdict;
  }

  /** Failures in a row that counted. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes one result and answers with the verdict after it. */
  record(succeeded: boolean, now: number): ProbeVerdict {
    const { successThreshold, failureThreshold, periodMs } = this.#schedule;
    if (succeeded) {
      this.#failures = 0;
      this.#successes += 1;
      if (this.#successes >= successThreshold) {
        this.#verdict = 'success';
        this.#everSucceeded = true;
      }
      return this.#verdict;
    }
    this.#successes = 0;
    if (now >= this.#failureCountsFrom) {
      this.#failures += 1;
      this.#failureCountsFrom = this.#isQuick() ? now + periodMs : now;
      if (this.#failures >= failureThreshold) this.#verdict = 'failure';
    }
    return this.#verdict;
  }

  /** How long to wait before the next attempt, in ms. */
  nextDelayMs(now: number): number {
    const { initialDelayMs, periodMs } = this.#schedule;
    const waitedMs = now - this.#startedAt;
    if (waitedMs < initialDelayMs) return initialDelayMs - waitedMs;
    if (!this.#isQuick()) return periodMs;
    const { quickAfterMs = 0 } = this.#schedule;
    return Math.min(periodMs, Math.max(quickestMs, (waitedMs - initialDelayMs) * quickShare, quickAfterMs - (waitedMs - initialDelayMs)));
  }

  /** Quick until the first success: one that failed its threshold before that goes on looking quickly. */
  #isQuick(): boolean {
    return this.#schedule.quickStart && !this.#everSucceeded;
  }
}
