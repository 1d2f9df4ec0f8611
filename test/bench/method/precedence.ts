/**
 * Going before whoever else uses the machine. Where the kernel groups processes by session (`sched_autogroup_enabled`, which is usual), `nice` only
 * counts among those of one session, however many others there are: the session itself has a precedence of its own, in `/proc/PID/autogroup`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = '/proc/self/autogroup';

/** The first there is. */
const first = -20;

const endingSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Puts the session of this process before all others, where that is there and allowed (as root), until it is disposed of or a signal ends the process. */
export function putSessionFirst(): Disposable {
  const before = sessionPrecedence();
  if (before === undefined || !write(first)) return { [Symbol.dispose]() {} };
  const restore = (): void => {
    for (const signal of endingSignals) process.off(signal, endBy);
    write(before);
  };
  // Who listens to a signal is not ended by it any more, so it is sent once more when nobody does.
  const endBy = (signal: NodeJS.Signals): void => {
    restore();
    process.kill(process.pid, signal);
  };
  for (const signal of endingSignals) process.on(signal, endBy);
  return { [Symbol.dispose]: restore };
}

/** From -20, which goes before all, to 19; undefined where sessions have none. */
export function sessionPrecedence(): number | undefined {
  try {
    const nice = /nice (-?\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
    return nice === undefined ? undefined : Number(nice);
  } catch {
    return undefined;
  }
}

function write(nice: number): boolean {
  try {
    writeFileSync(file, String(nice));
    return true;
  } catch {
    return false;
  }
}
