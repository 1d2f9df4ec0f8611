/** Which revisions have a pod in expectation of their next use. Only those that state a budget are looked at. */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { KeepWarm, type AutoscalerConfig, type KeepWarmVerdict, type ScalingSpec, type Stat } from '@sluice/scaling';

export interface WarmKeepingOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly config: () => AutoscalerConfig;
  /** Called when a revision's verdict has changed. */
  readonly onChange: (key: string) => void;
}

/** How often it is looked, in ms: the deciders' tick. */
const stepMs = 2000;

interface Keeping {
  readonly keeper: KeepWarm;
  spec: ScalingSpec;
  isUsed: boolean;
  verdict: KeepWarmVerdict;
}

export class WarmKeeping {
  readonly #options: WarmKeepingOptions;
  readonly #revisions = new Map<string, Keeping>();
  #ticker: Timer | undefined;

  constructor(options: WarmKeepingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ticker = this.#options.timers.every(stepMs, () => this.#tick());
  }

  stop(): void {
    this.#ticker?.cancel();
  }

  upsert(key: string, spec: ScalingSpec): void {
    if (spec.keepWarmBudgetMs === 0 || !spec.decider.isReachable) {
      this.#revisions.delete(key);
      return;
    }
    const known = this.#revisions.get(key);
    if (known) known.spec = spec;
    else this.#revisions.set(key, { keeper: new KeepWarm(this.#options.clock.now()), spec, isUsed: false, verdict: { isWarm: false, reason: '' } });
  }

  remove(key: string): void {
    this.#revisions.delete(key);
  }

  /** Hears of load. */
  record(key: string, stat: Stat): void {
    const keeping = this.#revisions.get(key);
    if (keeping && (stat.averageConcurrentRequests > 0 || stat.requestCount > 0)) keeping.isUsed = true;
  }

  /** Why a pod is to be there although none is wanted; undefined when none is. */
  reasonFor(key: string): string | undefined {
    const verdict = this.#revisions.get(key)?.verdict;
    return verdict?.isWarm === true ? verdict.reason : undefined;
  }

  #tick(): void {
    const { clock, config, onChange } = this.#options;
    const now = clock.now();
    const { scaleToZeroGracePeriodMs } = config();
    for (const [key, keeping] of this.#revisions) {
      const { keeper, spec, verdict } = keeping;
      keeper.observe(now, keeping.isUsed);
      keeping.isUsed = false;
      // A pod that is given up stays for the stable window, and then until activators have been in the path for long enough.
      const windDownMs = spec.decider.stableWindowMs + Math.max(scaleToZeroGracePeriodMs, spec.retentionPeriodMs);
      keeping.verdict = keeper.decide(now, { budgetMs: spec.keepWarmBudgetMs, windDownMs, stepMs });
      if (keeping.verdict.isWarm !== verdict.isWarm) onChange(key);
    }
  }
}
