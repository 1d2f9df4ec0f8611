/**
 * The deciders of all revisions: decides on a tick, and at once when a report says that it cannot wait.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/scaling/multiscaler.go
 */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { createDeciderState, decide, type DeciderState, type Decision, type ScalingSpec, type Stat, type StatsCollector } from '@sluice/scaling';

/** How often every revision is decided on. Knative's `tickInterval`. Milliseconds. */
export const DECISION_TICK_MS = 2000;

export interface MultiScalerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly collector: StatsCollector;
  /** How many pods of a revision are ready; undefined when that is not known, and then nothing is decided. */
  readonly countReadyPods: (key: string) => number | undefined;
  /** Called when the desired scale has changed, or when the excess burst capacity has changed its sign. */
  readonly onDecision: (key: string) => void;
}

interface Scaler {
  spec: ScalingSpec;
  /** Undefined before the first decision. */
  state: DeciderState | undefined;
  decision: Decision | undefined;
  /** When it was first decided on, with load that was heard since; undefined together with `state`. */
  watchedSince: number | undefined;
  /** When load was first heard of, of a revision that was asleep; stays until it is asleep again. */
  wokenAt: number | undefined;
}

/** Keys are `namespace/name` of revisions. */
export class MultiScaler {
  readonly #options: MultiScalerOptions;
  readonly #scalers = new Map<string, Scaler>();
  #ticker: Timer | undefined;
  #isHolding = false;

  constructor(options: MultiScalerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ticker = this.#options.timers.every(DECISION_TICK_MS, () => {
      for (const key of this.#scalers.keys()) this.#evaluate(key);
    });
  }

  stop(): void {
    this.#ticker?.cancel();
  }

  /** Begins or goes on to decide for a revision. What has been decided stays until the next decision. */
  upsert(key: string, spec: ScalingSpec): void {
    this.#options.collector.upsert(key, spec.collector);
    const known = this.#scalers.get(key);
    if (known) known.spec = spec;
    else this.#scalers.set(key, { spec, state: undefined, decision: undefined, watchedSince: undefined, wokenAt: undefined });
  }

  remove(key: string): void {
    this.#scalers.delete(key);
    this.#options.collector.remove(key);
  }

  /** All that is decided on, with what has been decided last. */
  *decisions(): Iterable<{ readonly key: string; readonly spec: ScalingSpec; readonly decision: Decision | undefined }> {
    for (const [key, { spec, decision }] of this.#scalers) yield { key, spec, decision };
  }

  /** The last decision; undefined before the first. */
  decisionOf(key: string): Decision | undefined {
    return this.#scalers.get(key)?.decision;
  }

  /** How long the load of a revision has been heard without a break. 0 before the first decision. Milliseconds. */
  watchedForMs(key: string): number {
    const { clock } = this.#options;
    const since = this.#scalers.get(key)?.watchedSince;
    return since === undefined ? 0 : clock.now() - since;
  }

  /** When load was first heard of since no pod was wanted, by the clock; undefined: it was not asleep. */
  wokenAt(key: string): number | undefined {
    return this.#scalers.get(key)?.wokenAt;
  }

  /** Whether a pod's own word about a revision stands. */
  hasReport(key: string, podName: string): boolean {
    return this.#options.collector.hasReport(key, podName, this.#options.clock.now());
  }

  /** Takes a pod's report. Decides at once when the revision is asleep, or when the tick would come too late. */
  record(key: string, stat: Stat): void {
    const { clock, collector } = this.#options;
    const now = clock.now();
    if (!collector.record(key, now, stat)) return;
    const scaler = this.#scalers.get(key);
    if (!scaler || !this.#isUrgent(key, scaler, stat, now)) return;
    if ((scaler.decision?.desiredPods ?? 0) === 0) scaler.wokenAt ??= now;
    this.#evaluate(key);
  }

  /**
   * Whether reports can be trusted to come. While they do not, nothing is decided: silence would look like no
   * load. When they come again every revision starts over, like after a restart, except that pods which were
   * wanted and are still starting stay wanted.
   */
  setReporting(isReporting: boolean): void {
    this.#isHolding = !isReporting;
    if (!isReporting) return;
    this.#options.collector.clear();
    for (const scaler of this.#scalers.values()) {
      scaler.state = undefined;
      scaler.watchedSince = undefined;
    }
  }

  #isUrgent(key: string, { spec, decision }: Scaler, stat: Stat, now: number): boolean {
    const desiredPods = decision?.desiredPods ?? 0;
    if (desiredPods === 0) return stat.averageConcurrentRequests > 0;
    const load = this.#options.collector.observe(key, now);
    if (!load) return false;
    const { targetValue, panicThresholdRatio } = spec.decider;
    // More than the pods asked for can take in the long run, or a burst that means panic.
    if (load.stable > desiredPods * targetValue) return true;
    const panicPods = Math.ceil(load.panic / targetValue);
    // Pods are counted last: this is asked for each report, and mostly answered by now.
    return panicPods > desiredPods && panicPods >= panicThresholdRatio * Math.max(1, this.#options.countReadyPods(key) ?? 0);
  }

  #evaluate(key: string): void {
    const { clock, collector, countReadyPods, onDecision } = this.#options;
    const scaler = this.#scalers.get(key);
    if (!scaler || this.#isHolding) return;
    const now = clock.now();
    const load = collector.observe(key, now);
    const readyPods = countReadyPods(key);
    if (!load || readyPods === undefined) return;
    const before = scaler.decision;
    const state = scaler.state ?? createDeciderState(Math.max(readyPods, before?.desiredPods ?? 0), now);
    const result = decide(scaler.spec.decider, { ...load, readyPods }, state, now);
    scaler.state = result.state;
    scaler.watchedSince ??= now;
    if (result.decision.desiredPods === 0) scaler.wokenAt = undefined;
    scaler.decision = result.decision;
    if (!before || hasChanged(before, result.decision)) onDecision(key);
  }
}

function hasChanged(before: Decision, after: Decision): boolean {
  return before.desiredPods !== after.desiredPods || before.excessBurstCapacity >= 0 !== after.excessBurstCapacity >= 0;
}
