/**
 * The real clock, timers and randomness. This is the one file below the executables that touches them;
 * `test/tidy` lets no other pure module do so.
 */
import type { Clock, Timer, Timers } from './clock.ts';
import type { Random } from './random.ts';

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => performance.now(),
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

/** The engine's own generator: seeded by the system, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/** When starting is over and its garbage is not yet mixed with that of serving. Chosen. */
const startIsOverMs = 1_000;

/**
 * Gives the system back what starting has left behind (4 MiB of a proxy's 21, `bench memory`), a second from now. Only in a
 * process that was started with `--expose-gc`; it takes some ten milliseconds, which nobody notices who has just started.
 */
export function giveBackStartMemory(): void {
  const { gc } = globalThis as { gc?: (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void };
  if (gc) systemTimers.after(startIsOverMs, () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
}
