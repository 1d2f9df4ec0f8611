/**
 * What the autoscaler would do, and would have done, under a recorded load: the same deciders and the same plan as in a cluster, on a
 * clock that the recording moves, with pods that start as quickly as one says.
 */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { buildScalingSpec, initialExcessBurstCapacity, planScale, SCALE_UNKNOWN, StatsCollector, type Activity, type AutoscalerConfig, type Decision, type ScalePlan, type ScalingSpec } from '@sluice/scaling';
import { DECISION_TICK_MS, MultiScaler } from '../multi-scaler.ts';
import type { RecordedEvent } from './recording.ts';

export interface SimulateOptions {
  readonly events: readonly RecordedEvent[];
  readonly revision: string;
  /** Over those of the recording, for asking "what if". */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly config: AutoscalerConfig;
  /** How long a pod takes from being asked for until it is ready, in ms. */
  readonly podStartMs: number;
  /** Ready pods as recorded, instead of as decided here. */
  readonly isReadyAsRecorded: boolean;
}

/** The state after a decision, or after a tick on which nothing was decided. */
export interface SimulatedStep {
  readonly atMs: number;
  readonly readyPods: number;
  readonly spec: ScalingSpec;
  /** Undefined before the first. */
  readonly decision: Decision | undefined;
  readonly plan: ScalePlan;
}

/** When a revision that does not come up is given up: Kubernetes' deadline and Knative's 30 s. */
const activationTimeoutMs = 630_000;

/** Every decision on the tick or at once, and every tick without one, to the end of the recording. */
export function simulate(options: SimulateOptions): readonly SimulatedStep[] {
  const { events, revision } = options;
  const time = new ReplayTime();
  const world = new ReplayedRevision(options, time);
  world.start();
  for (const event of events) {
    if (event.revision !== revision) continue;
    time.advanceTo(event.atMs);
    world.take(event);
  }
  time.advanceTo(Math.ceil(((events.at(-1)?.atMs ?? 0) + 1) / DECISION_TICK_MS) * DECISION_TICK_MS);
  return world.steps;
}

class ReplayedRevision {
  readonly steps: SimulatedStep[] = [];
  readonly #options: SimulateOptions;
  readonly #time: ReplayTime;
  readonly #scaler: MultiScaler;
  #annotations: Readonly<Record<string, string>> = {};
  #containerConcurrency = 0;
  #readyPods = 0;
  #replicas = 0;
  #mode: ScalePlan['mode'] | undefined;
  #activity: Activity = 'activating';
  #activitySince = 0;
  #proxiedSince: number | undefined;
  #isInitialized = false;

  constructor(options: SimulateOptions, time: ReplayTime) {
    this.#options = options;
    this.#time = time;
    this.#scaler = new MultiScaler({
      clock: time,
      timers: time,
      collector: new StatsCollector(),
      countReadyPods: () => this.#readyPods,
      onDecision: () => this.#carryOut(),
    });
  }

  start(): void {
    this.#upsert();
    this.#scaler.start();
    // After the deciders' tick of the same moment.
    this.#time.every(DECISION_TICK_MS, () => this.#carryOut());
  }

  take(event: RecordedEvent): void {
    switch (event.kind) {
      case 'revision':
        this.#annotations = event.annotations;
        this.#containerConcurrency = event.containerConcurrency;
        this.#upsert();
        return;
      case 'ready':
        // What was there when the recording began is there in any case.
        if (this.#options.isReadyAsRecorded || this.steps.length === 0) this.#readyPods = event.ready;
        if (this.steps.length === 0) this.#replicas = Math.max(this.#replicas, event.ready);
        return;
      case 'stat':
        this.#scaler.record(event.revision, event.stat);
    }
  }

  #specNow(): ScalingSpec {
    const { config, annotations } = this.#options;
    return buildScalingSpec({ annotations: { ...this.#annotations, ...annotations }, containerConcurrency: this.#containerConcurrency, isReachable: true, config });
  }

  #upsert(): void {
    this.#scaler.upsert(this.#options.revision, this.#specNow());
  }

  #carryOut(): void {
    const { config, revision } = this.#options;
    const now = this.#time.now();
    const spec = this.#specNow();
    const decision = this.#scaler.decisionOf(revision);
    const plan = planScale({
      spec,
      config,
      desiredPods: decision?.desiredPods ?? SCALE_UNKNOWN,
      excessBurstCapacity: decision?.excessBurstCapacity ?? initialExcessBurstCapacity(spec.decider, spec.initialScale),
      readyPods: this.#readyPods,
      replicas: this.#replicas,
      mode: this.#mode,
      activity: this.#activity,
      activityForMs: now - this.#activitySince,
      watchedForMs: this.#scaler.watchedForMs(revision),
      isInitialized: this.#isInitialized,
      hasService: true,
      proxiedForMs: this.#proxiedSince === undefined ? undefined : now - this.#proxiedSince,
      activationTimeoutMs,
    });
    if (plan.replicas !== undefined) this.#scale(plan.replicas);
    if (plan.mode !== this.#mode) this.#proxiedSince = plan.mode === 'Proxy' ? now : undefined;
    if (plan.activity !== this.#activity) this.#activitySince = now;
    this.#mode = plan.mode;
    this.#activity = plan.activity;
    this.#isInitialized = plan.isInitialized;
    const last = this.steps.at(-1);
    const step = { atMs: now, readyPods: this.#readyPods, spec, decision, plan };
    // A decision at once and the tick after it may fall together.
    if (last?.atMs === now) this.steps.pop();
    this.steps.push(step);
  }

  #scale(replicas: number): void {
    this.#replicas = replicas;
    if (this.#options.isReadyAsRecorded) return;
    if (replicas <= this.#readyPods) this.#readyPods = replicas;
    else this.#time.after(this.#options.podStartMs, () => (this.#readyPods = Math.min(this.#replicas, Math.max(this.#readyPods, replicas))));
  }
}

/** A clock that stands still until it is moved, with what is due on the way. */
class ReplayTime implements Clock, Timers {
  #now = 0;
  #order = 0;
  #due: { atMs: number; readonly order: number; readonly fn: () => void; readonly periodMs: number | undefined }[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#now;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#add(delayMs, fn, undefined);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#add(periodMs, fn, periodMs);
  }

  advanceTo(atMs: number): void {
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (!next || next.atMs > atMs) break;
      this.#now = next.atMs;
      if (next.periodMs === undefined) this.#due = this.#due.filter((due) => due !== next);
      else next.atMs += next.periodMs;
      next.fn();
    }
    this.#now = Math.max(this.#now, atMs);
  }

  #add(delayMs: number, fn: () => void, periodMs: number | undefined): Timer {
    const due = { atMs: this.#now + delayMs, order: this.#order++, fn, periodMs };
    this.#due.push(due);
    return { cancel: () => (this.#due = this.#due.filter((other) => other !== due)) };
  }
}
