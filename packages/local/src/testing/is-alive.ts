/** Whether a process runs, for tests that end some. */
import { readFileSync } from 'node:fs';

/** A zombie does not count: it has ended, and only its parent has not asked yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
