/** What groups of processes use, as Linux tells it: the part of the kubelet's cAdvisor. */
import { readFile } from 'node:fs/promises';
import { familyOf } from '../../kubelet/process-table.ts';

export interface ProcessUsage {
  /** Seconds of all cores since each process began. */
  readonly cpuSeconds: number;
  /** Bytes that are its own and cannot be given back, with what it shares. */
  readonly memory: number;
}

/** Linux counts so many in a second, on every machine that Node runs on. */
const ticksPerSecond = 100;

/** Of a leader and its descendants; undefined when there are none. */
export async function usageOf(leader: number): Promise<ProcessUsage | undefined> {
  const found = (await Promise.all((await familyOf(leader)).map(usageOfOne))).filter((one) => one !== undefined);
  if (found.length === 0) return undefined;
  return { cpuSeconds: found.reduce((total, one) => total + one.cpuSeconds, 0), memory: found.reduce((total, one) => total + one.memory, 0) };
}

async function usageOfOne(pid: number): Promise<ProcessUsage | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is a name that may hold anything, so count from its end: 14, 15 and 24 of proc(5).
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z') return undefined;
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, memory: Number(fields[21]) * pageBytes };
}

/** Of x64 and of what arm64 usually has. */
const pageBytes = 4096;
