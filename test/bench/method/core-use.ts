/** Who had a core while a shot was taken: its target, others, or other machines on the same host. */
import { readFileSync } from 'node:fs';

/** Time of one core since the machine began, in ms; `/proc/stat` counts in hundredths of a second. */
export interface CoreTimes {
  /** Programs and the kernel, for whomever. */
  readonly busyMs: number;
  /** Wanted, and had by other machines of the host. */
  readonly stolenMs: number;
}

const tickMs = 10;

export function readCore(core: number): CoreTimes {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`cpu${core} `));
  // user nice system idle iowait irq softirq steal
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (line ?? '').split(/\s+/).slice(1).map(Number);
  return { busyMs: (user + nice + system + irq + softirq) * tickMs, stolenMs: steal * tickMs };
}
