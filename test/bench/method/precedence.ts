/**
 * Going before whoever else uses the machine. Where the kernel groups processes by session (`sched_autogroup_enabled`, which is usual), `nice` only
 * counts among those of one session, however many others there are: the session itself has a precedence of its own, in `/proc/PID/autogroup`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = '/proc/self/autogroup';

/** The first there is. */
const first = -20;

/** Puts the session of this process before all others, where that is there and allowed (as root), until it is disposed of. */
export function putSessionFirst(): Disposable {
  const before = sessionPrecedence();
  const isFirst = before !== undefined && write(first);
  return { [Symbol.dispose]: () => void (isFirst && write(before)) };
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
