/**
 * Latency at fixed rates, half and four fifths of what the slower of the two can do: our proxy and nginx in turn, each
 * request timed from the moment it was due.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { waitForCalm } from '../method/calm.ts';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { MeasuredProcess, pause } from '../method/measured-process.ts';
import { shootRounds, shuffled } from '../method/rounds.ts';
import type { Shot } from '../method/shot.ts';
import { findTool } from '../method/tools.ts';
import { shootWithWrk } from '../method/wrk-shot.ts';
import type { Verdict } from '../method/verdict.ts';
import { startableBackends, targetCommand } from '../proxy/targets.ts';
import { latencyVerdicts, latenessProblem, renderCapacities, renderLatencies, renderShot, shares, slowestCapacity, type LatencyShot } from './latency-table.ts';
import type { OpenLoopOptions } from './open-loop.ts';
import type { GeneratedLoad } from './generated-load.ts';

const connections = 50;

/** Before another try. */
const calmWaitMs = 5_000;

export interface LatencyOptions {
  readonly rounds: number;
  /** Of each shot; half as long before it does not count. */
  readonly seconds: number;
  /** How often a shot that the generator itself has spoilt is taken, at most. Default 3. */
  readonly tries?: number;
  readonly port: number;
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

export type LatencyResult =
  | { readonly kind: 'measured'; readonly machine: Machine; readonly capacities: readonly Shot[]; readonly shots: readonly LatencyShot[]; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'skipped'; readonly reason: string };

interface Tools {
  readonly wrk: string;
  readonly taskset: string;
  readonly chrt: string;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' }, port: { type: 'string', default: '18800' }, json: { type: 'string', default: '' } },
  });
  const result = await measureLatency({ rounds: Number(values.rounds), seconds: Number(values.seconds), port: Number(values.port), json: values.json, print: (line) => console.log(line) });
  if (result.kind === 'skipped') console.log(`skipped: ${result.reason}`);
  return 0;
}

export async function measureLatency({ rounds, seconds, tries = 3, port, json, print }: LatencyOptions): Promise<LatencyResult> {
  const [nginx, wrk, taskset, chrt] = [findTool('nginx'), findTool('wrk'), findTool('taskset'), findTool('chrt')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'processes are pinned and given priorities as only Linux can' };
  if (!nginx || !wrk || !taskset || !chrt) return { kind: 'skipped', reason: 'needs nginx, wrk, taskset and chrt (Debian: apt-get install nginx-light wrk util-linux)' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const started: MeasuredProcess[] = [];
  try {
    const { backends, commands } = await startableBackends(folder, port, nginx);
    for (const command of commands) started.push(await MeasuredProcess.start(command, taskset, 1));
    const targets: MeasuredProcess[] = [];
    for (const [index, name] of ['nginx', 'sluice'].entries()) {
      const command = targetCommand(name, port + 2 + index, backends);
      if ('reason' in command) return { kind: 'skipped', reason: `${name}: ${command.reason}` };
      const target = await MeasuredProcess.start(command, taskset, 0);
      started.push(target);
      targets.push(target);
    }
    const machine = describeMachine();
    const tools = { wrk, taskset, chrt };
    const capacities = await shootRounds({
      targets,
      rounds: Math.min(3, rounds),
      shoot: (target, round) => shootWithWrk(target, round, { ...tools, loadCore: 1, seconds: Math.ceil(seconds / 2), connections }),
      onShot: () => {},
    });
    print(renderCapacities(capacities));
    const capacity = slowestCapacity(capacities);
    const shots = await shootAtRates(targets, capacity, { rounds, seconds, tries }, tools, print);
    print(`\n${renderMachine(machine)}; ${rounds} rounds of ${seconds} s`);
    print(renderLatencies(shots));
    const verdicts = latencyVerdicts(shots);
    if (json !== '') writeFileSync(json, JSON.stringify({ machine, rounds, seconds, capacities, shots }, null, 1));
    return { kind: 'measured', machine, capacities, shots, verdicts };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In each round everybody at every rate, in a new order. */
async function shootAtRates(targets: readonly MeasuredProcess[], capacity: number, { rounds, seconds, tries }: { readonly rounds: number; readonly seconds: number; readonly tries: number }, tools: Tools, print: (line: string) => void): Promise<LatencyShot[]> {
  const shots: LatencyShot[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const { target, share } of shuffled(targets.flatMap((target) => shares.map((share) => ({ target, share }))))) {
      const rate = Math.round(capacity * share);
      for (let count = 1; ; count += 1) {
        const load = await generate(tools, { port: target.port, requestsPerSecond: rate, seconds, warmUpSeconds: seconds / 2, connections });
        const shot = { target: target.name, round, share, rate, ...load, voided: latenessProblem(load) };
        shots.push(shot);
        print(renderShot(shot));
        await pause(100);
        if (shot.voided === undefined || count === tries) break;
        await waitForCalm(calmWaitMs);
      }
    }
  }
  return shots;
}

/** On the core of the backends, and only when they have nothing to do: it spins, and would else keep them waiting. */
async function generate({ taskset, chrt }: Tools, options: OpenLoopOptions): Promise<GeneratedLoad> {
  const main = join(import.meta.dirname, 'open-loop-main.ts');
  const { stdout } = await promisify(execFile)(taskset, ['-c', '1', chrt, '--idle', '0', process.execPath, '--max-semi-space-size=32', main, JSON.stringify(options)], { encoding: 'utf8' });
  return JSON.parse(stdout) as GeneratedLoad;
}
