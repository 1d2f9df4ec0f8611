/** Gives the system back what starting has left behind, at a moment in which nobody waits for an answer: it stops everything for some ten milliseconds. */
import type { RequestStats } from '@sluice/admission';
import type { Timers } from '@sluice/kernel';

/** When starting is over and its garbage is not yet mixed with that of serving, as a gateway's (`giveBackStartMemory`). Milliseconds. */
const FIRST_LOOK_MS = 1000;

/** Between two looks, in ms. Chosen: short enough to find a gap between requests, and none are left once it is done. */
const LOOK_MS = 50;

/** Looks until it is left to V8, in ms. Chosen: a pod that is never without a request for so long needs the memory anyway. */
const PATIENCE_MS = 30_000;

/** @param collect takes the time that is spoken of */
export function giveBackWhenUnused(stats: Pick<RequestStats, 'concurrency'>, timers: Timers, collect: () => void): void {
  let leftMs = PATIENCE_MS;
  const look = (): void => {
    if (stats.concurrency === 0) return collect();
    leftMs -= LOOK_MS;
    if (leftMs > 0) timers.after(LOOK_MS, look);
  };
  timers.after(FIRST_LOOK_MS, look);
}
