/**
 * Knative's own time from a step in load to its decision, by its periods and our arithmetic, which is its own: sidecars report
 * the mean of each second, the autoscaler asks for that report once a second and decides every two, each by a clock of its own.
 */
import type { Random } from '@sluice/kernel';
import { createDeciderState, decide, TimeWindow, type ScalingSpec } from '@sluice/scaling';

const reportMs = 1_000;
const scrapeMs = 1_000;
const decisionMs = 2_000;

/** How long before the step it has been quiet, and how long after it one waits for a decision. Milliseconds. */
const quietMs = 60_000;
const patienceMs = 60_000;

/** Milliseconds from a step to `load` in flight on one pod until more than one is wanted. Infinite: never. */
export function knativeDecisionMs(spec: ScalingSpec, load: number, random: Random): number {
  const phase = { report: random.next() * reportMs, scrape: random.next() * scrapeMs, decision: random.next() * decisionMs };
  const windows = { stable: new TimeWindow(spec.collector.stableWindowMs), panic: new TimeWindow(spec.collector.panicWindowMs) };
  let state = createDeciderState(1, -quietMs);
  let scrapeAt = phase.scrape - quietMs;
  for (let decideAt = phase.decision - quietMs; decideAt < patienceMs; decideAt += decisionMs) {
    for (; scrapeAt <= decideAt; scrapeAt += scrapeMs) {
      const concurrency = load * shareAfterStep(lastBefore(scrapeAt, phase.report));
      windows.stable.record(scrapeAt, concurrency);
      windows.panic.record(scrapeAt, concurrency);
    }
    const observed = { stable: windows.stable.average(decideAt), panic: windows.panic.average(decideAt), readyPods: 1 };
    const result = decide(spec.decider, observed, state, decideAt);
    state = result.state;
    if (result.decision.desiredPods > 1) return decideAt;
  }
  return Number.POSITIVE_INFINITY;
}

/** The end of the last report's second, at `now`. */
function lastBefore(now: number, phase: number): number {
  return Math.floor((now - phase) / reportMs) * reportMs + phase;
}

/** Of the second that ends at `end`, the part that is after the step at 0. */
function shareAfterStep(end: number): number {
  return Math.min(1, Math.max(0, end / reportMs));
}
