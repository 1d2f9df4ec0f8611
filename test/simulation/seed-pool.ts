/** Runs seeds on all cores: each child process takes the next seed when it has finished one. */
import { fork } from 'node:child_process';
import { availableParallelism, setPriority } from 'node:os';
import { join } from 'node:path';
import type { RunReport } from './report.ts';

/** More than this only heat the machine: a test run has few cores. */
const processesMax = 4;

/** Time in a simulation is its own, so whoever measures real time goes first: tests of real processes run beside this. */
const niceness = 10;

/** The report of each run, in the order of `seeds`, as it comes; one may be there twice. The promises of what will not be run any more are rejected. */
export function runSeeds(seeds: readonly number[]): readonly Promise<RunReport>[] {
  const runs = seeds.map((seed) => ({ seed, ...Promise.withResolvers<RunReport>() }));
  const waiting = [...runs];
  for (let index = 0; index < Math.min(processesMax, availableParallelism(), seeds.length); index += 1) {
    const child = fork(join(import.meta.dirname, 'seed-process.ts'));
    if (child.pid !== undefined) setPriority(child.pid, niceness);
    let current: (typeof runs)[number] | undefined;
    const next = () => {
      current = waiting.shift();
      if (current === undefined) child.disconnect();
      else child.send(current.seed);
    };
    child.on('message', (report: RunReport) => {
      current?.resolve(report);
      next();
    });
    child.on('exit', (code) => {
      if (current === undefined) return;
      const error = new Error(`the process that ran seed ${current.seed} ended with code ${String(code)}`);
      for (const run of [current, ...waiting.splice(0)]) run.reject(error);
    });
    next();
  }
  return runs.map(({ promise }) => promise);
}
