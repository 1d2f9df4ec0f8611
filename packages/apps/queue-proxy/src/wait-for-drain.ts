/**
 * What a hook that runs before a container stops waits for. The word may also come because one container is
 * restarted, and then the pod goes on.
 */
import type { Timers } from '@sluice/kernel';
import type { Drainer } from '@sluice/proxy';

export interface WaitForDrainOptions {
  readonly drainer: Drainer;
  readonly timers: Timers;
  /** Whether the pod itself has been told to stop. */
  readonly isTerminating: () => boolean;
}

/** How long after the hook the word to go must follow; else it was a restart of a container. Knative's. Milliseconds. */
const TERMINATION_WAIT_MS = 1000;

/** Begins to drain; `onDone` when that is over, or when it turned out to be a false alarm. */
export function waitForDrain({ drainer, timers, isTerminating }: WaitForDrainOptions, onDone: () => void): void {
  drainer.drain(onDone);
  timers.after(TERMINATION_WAIT_MS, () => {
    if (!isTerminating()) drainer.undrain();
  });
}
