/**
 * Ours, not Knative's: keeps a pod for a revision at the times at which it has been called before, so that the next caller need not wait
 * for one. Off unless the revision states a budget, and never beyond it.
 *
 * What is learned are the pauses between uses. While a revision rests, its next use is expected between the 5th and the 95th
 * percentile of the pauses it had, and from a little before that on a pod is kept, or started.
 *
 * The budget is time per hour, any sixty minutes, that a pod may be held for nothing but expectation. All of the time counts in which
 * there is a pod because of it, what it takes to end one included; what was spent before anybody counted is taken to be everything.
 */

export interface KeepWarmSpec {
  /** Of each hour, in ms. */
  readonly budgetMs: number;
  /** How long a pod goes on after it is given up: stable window and grace period. Paid for in advance. Milliseconds. */
  readonly windDownMs: number;
  /** How often, at least, it is asked for its verdict. Milliseconds. */
  readonly stepMs: number;
}

export interface KeepWarmVerdict {
  readonly isWarm: boolean;
  /** For a person. */
  readonly reason: string;
}

const HOUR_MS = 3_600_000;

/** How long before the earliest use a pod is started, in ms. Chosen: most are ready within. */
const LEAD_MS = 30_000;

/** Pauses that are remembered, and that must have been seen before anything is expected. Chosen: a day of hourly uses; fewer show no habit. */
const PAUSES_MAX = 24;
const PAUSES_MIN = 5;

/** Shorter pauses are part of one use, in ms. */
const PAUSE_MS_MIN = 10_000;

interface Held {
  readonly from: number;
  /** Open while it is being held. */
  to: number;
}

export class KeepWarm {
  /** Milliseconds, oldest first. */
  readonly #pauses: number[] = [];
  /** What was held within the last hour, and to when it is paid. */
  #held: Held[];
  #idleSince: number | undefined;
  #current: Held | undefined;

  constructor(now: number) {
    this.#held = [{ from: now - HOUR_MS, to: now }];
  }

  /** Tells whether the revision has been used since it was told last. */
  observe(now: number, isUsed: boolean): void {
    if (!isUsed) {
      this.#idleSince ??= now;
      return;
    }
    if (this.#idleSince !== undefined && now - this.#idleSince >= PAUSE_MS_MIN) {
      this.#pauses.push(now - this.#idleSince);
      if (this.#pauses.length > PAUSES_MAX) this.#pauses.shift();
    }
    this.#idleSince = undefined;
    // Whoever has come pays for the rest.
    if (this.#current) this.#current.to = now;
    this.#current = undefined;
  }

  /** Whether a pod is to be held now. To be asked every `stepMs`, whatever it said before. */
  decide(now: number, spec: KeepWarmSpec): KeepWarmVerdict {
    this.#held = this.#held.filter((held) => held === this.#current || held.to > now - HOUR_MS);
    if (this.#current) this.#current.to = now;
    const expected = this.#expect(now);
    if (expected.kind === 'nothing') return this.#end(now, spec, expected.reason);
    // Further holding must leave enough for the end, and for not being asked before the next step.
    const leftMs = spec.budgetMs - this.spentMs(now) - spec.windDownMs - spec.stepMs;
    const neededMs = this.#current ? 0 : Math.max(0, expected.likelyAt - now);
    if (leftMs < neededMs || leftMs <= 0) return this.#end(now, spec, `its budget of ${spec.budgetMs / 1000} s an hour is spent, or too small for what is left of the pause`);
    if (!this.#current) {
      this.#current = { from: now, to: now };
      this.#held.push(this.#current);
    }
    return { isWarm: true, reason: `kept warm: pauses of ${seconds(expected.shortMs)} to ${seconds(expected.longMs)} s, this one is ${seconds(expected.pauseMs)} s` };
  }

  /** How much of the last hour has been spent. */
  spentMs(now: number): number {
    return this.#held.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - Math.max(from, now - HOUR_MS)) + Math.max(0, to - Math.max(now, from)), 0);
  }

  #expect(now: number):
    | { readonly kind: 'nothing'; readonly reason: string }
    | { readonly kind: 'use'; readonly shortMs: number; readonly longMs: number; readonly pauseMs: number; readonly likelyAt: number } {
    if (this.#idleSince === undefined) return { kind: 'nothing', reason: 'in use' };
    if (this.#pauses.length < PAUSES_MIN) return { kind: 'nothing', reason: `${this.#pauses.length} pauses seen, of ${PAUSES_MIN} that make a habit` };
    const sorted = [...this.#pauses].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
    const [shortMs, middleMs, longMs] = [at(0.05), at(0.5), at(0.95)];
    const pauseMs = now - this.#idleSince;
    if (pauseMs < shortMs - LEAD_MS) return { kind: 'nothing', reason: `too early: pauses last ${seconds(shortMs)} s at least, this one is ${seconds(pauseMs)} s` };
    if (pauseMs > longMs + LEAD_MS) return { kind: 'nothing', reason: `too late: pauses last ${seconds(longMs)} s at most, this one is ${seconds(pauseMs)} s` };
    return { kind: 'use', shortMs, longMs, pauseMs, likelyAt: this.#idleSince + middleMs };
  }

  #end(now: number, { windDownMs }: KeepWarmSpec, reason: string): KeepWarmVerdict {
    // The pod does not go at once, and until it does it is ours.
    if (this.#current) this.#current.to = now + windDownMs;
    this.#current = undefined;
    return { isWarm: false, reason };
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
