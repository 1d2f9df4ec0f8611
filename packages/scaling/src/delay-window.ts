/**
 * The largest number asked for within a span of time: what a revision with a scale-down delay keeps running
 * for. A value, so that deciding stays a function.
 */

/** Step in which time passes here. Knative's decision tick. Milliseconds. */
const STEP_MS = 2000;

/** Candidates for the maximum, oldest and largest first: a smaller one before a larger one can never count. */
export type DelayWindow = readonly Candidate[];

interface Candidate {
  readonly step: number;
  readonly pods: number;
}

export const EMPTY_DELAY_WINDOW: DelayWindow = [];

/** Adds `pods` as of `now` and drops what is older than `delayMs`. The first candidate is the maximum. */
export function recordInDelayWindow(window: DelayWindow, now: number, pods: number, delayMs: number): DelayWindow {
  const step = Math.floor(now / STEP_MS);
  const oldest = step - Math.ceil(delayMs / STEP_MS);
  const kept = window.filter((candidate) => candidate.step > oldest && candidate.pods > pods);
  return [...kept, { step, pods }];
}
