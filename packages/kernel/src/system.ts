/**
 * The real clock, timers and randomness. This is the one file below the executables that touches them;
 * `test/tidy` lets no other pure module do so.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer, Timers } from './clock.ts';
import type { Random } from './random.ts';

/** The machine's clocks. Not by `performance`, which is as quick and has to be loaded first. */
export const systemClock: Clock = {
  now() {
    const time = process.hrtime();
    return time[0] * 1_000 + time[1] / 1_000_000;
  },
  wallTime: () => Date.now(),
};

/**
 * The event loop's timers. They do not keep the process alive by themselves: what does is a listening
 * socket or an open connection, so that a drained process ends without hunting for forgotten timers.
 */
export const systemTimers: Timers = {
  after(delayMs, fn): Timer {
    const handle = setTimeout(fn, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fn): Timer {
    const handle = setInterval(fn, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** The longest a timer can wait: 24 days. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Keeps the process until what it gives is called, or somebody ends it: for who serves and may for a while have neither a
 * listener nor a connection, as one whose config service is away.
 */
export function holdProcess(): () => void {
  const handle = setInterval(() => {}, timerMsMax);
  return () => clearInterval(handle);
}

/** The engine's own generator: seeded by the system, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/**
 * Collects all garbage and gives back what is free. V8 hides the function that does it: it is in contexts made while a flag is
 * set. The flag is taken back, since compiled code is only good under the flags it was compiled with.
 */
export function collectAllGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** How much must have come to stay before all of it is looked through, in bytes. Chosen: V8 does so by itself after some tens of megabytes. */
const stayedBytesMin = 8 * 1024 * 1024;

/**
 * Gives what collects garbage while there is nothing to do, so that what comes next is not interrupted by it: of short-lived objects each time, in some ms; of
 * all when much has come to stay, in some ms for each ten megabytes.
 */
export function createIdleCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major'; readonly execution: 'sync' }) => void;
  setFlagsFromString('--no-expose-gc');
  let keptBytes = 0;
  return () => {
    collect({ type: 'minor', execution: 'sync' });
    if (getHeapStatistics().used_heap_size - keptBytes < stayedBytesMin) return;
    collect({ type: 'major', execution: 'sync' });
    keptBytes = getHeapStatistics().used_heap_size;
  };
}

/** How long whoever has just begun to serve leaves everything else. Chosen: the request for which it was started comes within it. */
const firstRequestMs = 50;

/** Fulfils when the first request has probably been answered, and what serving does not need may be loaded. */
export function afterFirstRequest(): Promise<void> {
  return new Promise((resolve) => void systemTimers.after(firstRequestMs, resolve));
}

/** When starting is over and its garbage is not yet mixed with that of serving. Chosen. */
const startIsOverMs = 1_000;

/**
 * Gives the system back what starting has left behind (4 MiB of a proxy's 21, `bench memory`), a second from now. It takes some
 * ten milliseconds, which nobody notices who has just started.
 */
export function giveBackStartMemory(): void {
  systemTimers.after(startIsOverMs, collectAllGarbage);
}
