/** Time that other machines of the same host had of our cores. */
import { readFileSync } from 'node:fs';

/** `/proc/stat` counts in hundredths of a second. */
const tickMs = 10;

/** What each core wanted and did not get since the machine began, in ms. Zero where the host does not tell. */
export function stolenMs(): readonly number[] {
  return readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => Number(line.split(/\s+/)[8] ?? 0) * tickMs);
}

/** Of the core that lost most, as a share of the time since `before` was read. */
export function stolenRatio(before: readonly number[], elapsedMs: number): number {
  return Math.max(0, ...stolenMs().map((now, core) => now - (before[core] ?? 0))) / elapsedMs;
}
