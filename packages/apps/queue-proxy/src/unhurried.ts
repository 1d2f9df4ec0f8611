/**
 * When the sidecar may load what serving does not need. That stops everything else for a fifth of a second where processors are few, and takes
 * them from the program that starts beside it: so not before the request is answered for which the pod was started.
 *
 *     listening ──first request──► serving ──none in flight for a moment──► may load
 *         │                           └───────────in so long───────────────►┘
 *         └──────────────nobody has come in so long───────────────────────►┘
 */
import type { RequestStats } from '@sluice/admission';
import type { Clock, Timers } from '@sluice/kernel';

/** Between two looks, in ms. Chosen: not felt by whoever waits for the figures that come after. There are none once the rest is loaded. */
const LOOK_MS = 20;

/** How long nobody must have been in flight, in ms. Chosen: an answer still has its way to go, through processes that may wait for this one. */
const QUIET_MS = 60;

/** How long a first request may keep everything waiting, in ms. Chosen: long answers and bursts are not over sooner or later, and load is to be reported. */
const FIRST_REQUEST_MS_MAX = 500;

/**
 * How long it waits for a first request, in ms. Chosen: longer than quick programs take to listen; who starts for longer hardly feels
 * the loading. And an autoscaler that asks pods which do not push waits for three seconds until it does.
 */
const NOBODY_MS_MAX = 1500;

export interface UnhurriedOptions {
  readonly stats: Pick<RequestStats, 'concurrency' | 'requestCount'>;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Fulfils once. Probes are no requests. */
export function whenUnhurried({ stats, clock, timers }: UnhurriedOptions): Promise<void> {
  const begunAt = clock.now();
  let firstSeenAt: number | undefined;
  let quietSince: number | undefined;
  let counted = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    const now = clock.now();
    if (stats.requestCount > 0) firstSeenAt ??= now;
    // One may have come and gone since the last look.
    if (stats.requestCount !== counted) quietSince = undefined;
    counted = stats.requestCount;
    quietSince = stats.concurrency === 0 ? (quietSince ?? now) : undefined;
    const isQuiet = quietSince !== undefined && now - quietSince >= QUIET_MS;
    const isOver = firstSeenAt === undefined ? now - begunAt >= NOBODY_MS_MAX : isQuiet || now - firstSeenAt >= FIRST_REQUEST_MS_MAX;
    if (isOver) resolve();
    else timers.after(LOOK_MS, look);
  };
  look();
  return promise;
}
