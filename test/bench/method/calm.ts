/** Waiting for a moment in which nobody else uses the machine: what is spoilt by others is not worth measuring. */
import { readFileSync } from 'node:fs';
import { pause } from './measured-process.ts';

const lookMs = 200;

/** Share of all cores that may be busy. */
const busyMax = 0.1;

/** Goes on anyway after `msMax`. */
export async function waitForCalm(msMax: number): Promise<void> {
  for (let waited = 0; waited < msMax; waited += lookMs) {
    const before = readTimes();
    await pause(lookMs);
    const after = readTimes();
    if (after.busy - before.busy <= busyMax * (after.all - before.all)) return;
  }
}

/** Of all cores together, in ticks: `cpu  user nice system idle iowait …`, of which the fourth and fifth are rest. */
function readTimes(): { readonly busy: number; readonly all: number } {
  const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const all = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}
