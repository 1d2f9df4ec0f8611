/**
 * The autoscaler at scale: so many revisions, each with so many pods that report once a second, over the real load stream, on one
 * core. What it costs, and how long it takes from a report that needs more pods until those are asked for.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { describeMachine, renderMachine } from '../method/machine.ts';
import { pause } from '../method/measured-process.ts';
import { renderCells } from '../method/report.ts';
import { Child, type AutoscalerFigures } from './messages.ts';

export interface AutoscalerBenchOptions {
  /** Each a run of its own. */
  readonly revisions: readonly number[];
  readonly pods: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** Reports that travel in one message. The config service gathers what comes within a moment. */
  readonly batch: number;
  /** Revisions per second whose load grows to what means panic. */
  readonly steps: number;
  readonly print: (line: string) => void;
}

export interface AutoscalerRun extends AutoscalerFigures {
  readonly revisions: number;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      revisions: { type: 'string', default: '500,1000,2500,5000' },
      pods: { type: 'string', default: '20' },
      warm: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '10' },
      batch: { type: 'string', default: '50' },
      steps: { type: 'string', default: '20' },
    },
  });
  const { pods, warm, seconds, batch, steps } = values;
  await measureAutoscaler({
    revisions: values.revisions.split(',').map(Number),
    pods: Number(pods),
    warmSeconds: Number(warm),
    seconds: Number(seconds),
    batch: Number(batch),
    steps: Number(steps),
    print: (line) => console.log(line),
  });
  return 0;
}

export async function measureAutoscaler(options: AutoscalerBenchOptions): Promise<readonly AutoscalerRun[]> {
  const { print, pods, steps } = options;
  print(renderMachine(describeMachine()));
  const runs: AutoscalerRun[] = [];
  for (const revisions of options.revisions) runs.push(await measureSize(revisions, options));
  print(`${pods} pods per revision, each reporting once a second; ${steps} revisions per second step up. The API server is in memory, in the same process.\n`);
  print(renderRuns(runs));
  const [first, last] = [runs[0], runs.at(-1)];
  if (first && last && first !== last) {
    const growth = last.cpuShare / first.cpuShare;
    const size = last.revisions / first.revisions;
    print(`\n${size} times the revisions cost ${growth.toFixed(1)} times the CPU time: ${(growth / size).toFixed(2)} of linear`);
  }
  return runs;
}

async function measureSize(revisions: number, { pods, warmSeconds, seconds, batch, steps }: AutoscalerBenchOptions): Promise<AutoscalerRun> {
  const proxies = await Child.start<number>('./proxies-main.ts', [revisions, pods, batch, steps].map(String));
  const autoscaler = await Child.start('./autoscaler-main.ts', [String(proxies.first), String(revisions), String(pods)]);
  pin(autoscaler.child.pid, 0);
  pin(proxies.child.pid, 1);
  try {
    await proxies.child.ask('report');
    await pause(warmSeconds * 1000);
    await autoscaler.child.ask('begin');
    await proxies.child.ask('step');
    await pause(seconds * 1000);
    const figures = await autoscaler.child.ask<AutoscalerFigures>('end');
    return { revisions, ...figures };
  } finally {
    await Promise.all([autoscaler.child.stop(), proxies.child.stop()]);
  }
}

/** Best effort: on a machine with one core there is nothing to separate. */
function pin(pid: number | undefined, core: number): void {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    // Without the tool, or the core, the kernel decides.
  }
}

function renderRuns(runs: readonly AutoscalerRun[]): string {
  const head = ['revisions', 'reports/s', 'CPU of a core', 'µs per report', 'memory MiB', 'report heard ms (p50 / p99)', 'decision lag ms (p50 / p99 / max)', 'decisions', 'loop delay ms (p99)'];
  const rows = runs.map((run) => [
    String(run.revisions),
    run.reportsPerSecond.toFixed(0),
    `${(run.cpuShare * 100).toFixed(1)} %`,
    ((run.cpuShare * 1e6) / run.reportsPerSecond).toFixed(2),
    run.memoryMiB.toFixed(0),
    `${run.heardMs.p50.toFixed(0)} / ${run.heardMs.p99.toFixed(0)}`,
    `${run.decidedMs.p50.toFixed(0)} / ${run.decidedMs.p99.toFixed(0)} / ${run.decidedMs.max.toFixed(0)}`,
    String(run.decisions),
    run.loopDelayMs.toFixed(0),
  ]);
  return renderCells(head, rows);
}
