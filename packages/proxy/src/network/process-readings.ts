/** What the overload manager reads of this process and of the control group it is in. */
import { readFileSync } from 'node:fs';
import { collectAllGarbage } from '@sluice/kernel';
import type { ProcessReadings } from '../overload/overload-manager.ts';

/** Version 2 of control groups, then version 1. */
const cgroupFiles = [
  { bytes: '/sys/fs/cgroup/memory.current', max: '/sys/fs/cgroup/memory.max' },
  { bytes: '/sys/fs/cgroup/memory/memory.usage_in_bytes', max: '/sys/fs/cgroup/memory/memory.limit_in_bytes' },
];

/** Version 1 says that there is no limit by a number that no machine has. */
const unlimitedBytes = 2 ** 60;

export const processReadings: ProcessReadings = {
  heapBytes() {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  cgroupMemory() {
    let failure: unknown;
    for (const files of cgroupFiles) {
      try {
        const max = Number(readFileSync(files.max, 'latin1'));
        return { bytes: Number(readFileSync(files.bytes, 'latin1')), max: max < unlimitedBytes ? max : undefined };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  },
  shrinkHeap: collectAllGarbage,
};
