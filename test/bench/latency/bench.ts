/**
 * Latency at fixed rates, half and four fifths of what the slower of the two can do: our proxy and nginx in turn, each
 * request timed from the moment it was due, by a generator that is their backend as well.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { waitForCalm } from '../method/calm.ts';
import { readCore } from '../method/core-use.ts';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { MeasuredProcess, pause } from '../method/measured-process.ts';
import { putSessionFirst } from '../method/precedence.ts';
import { shuffled } from '../method/rounds.ts';
import type { Shot } from '../method/shot.ts';
import { stolenMs, stolenRatio } from '../method/stolen-time.ts';
import { findTool } from '../method/tools.ts';
import type { Verdict } from '../method/verdict.ts';
import { replyBody, startableBackends, targetCommand } from '../proxy/targets.ts';
import type { ClosedLoopResult } from './closed-loop.ts';
import { latencyVerdicts, latenessProblem, othersProblem, renderCapacities, renderLatencies, renderShot, shares, slowestCapacity, stolenProblem, type LatencyShot } from './latency-table.ts';
import type { GeneratedLoad } from './generated-load.ts';
import type { GeneratorOptions } from './open-loop-main.ts';

const connections = 50;

const targetCore = 0;

/**
 * At full load before anything counts, in seconds. V8 compiles a busy proxy for the last time some seconds after its start, on the thread
 * that serves (`node-flags.ts`): for up to 64 ms in a traced run, which is once in a process's life. The same for all.
 */
const settlingSeconds = 12;

/** Before another try. */
const calmWaitMs = 5_000;

export interface LatencyOptions {
  readonly rounds: number;
  /** Of each shot; half as long before it does not count. */
  readonly seconds: number;
  /** How often a shot that the generator itself has spoilt is taken, at most. Default 3. */
  readonly tries?: number;
  /** At full load before anything counts. Default 12. */
  readonly settleSeconds?: number;
  readonly port: number;
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

export type LatencyResult =
  | { readonly kind: 'measured'; readonly machine: Machine; readonly capacities: readonly Shot[]; readonly shots: readonly LatencyShot[]; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'skipped'; readonly reason: string };

interface Generator {
  readonly taskset: string;
  /** Where the proxies look for their backend. */
  readonly backendPort: number;
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

export async function measureLatency({ rounds, seconds, tries = 3, settleSeconds = settlingSeconds, port, json, print }: LatencyOptions): Promise<LatencyResult> {
  const [nginx, taskset] = [findTool('nginx'), findTool('taskset')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'processes are pinned as only Linux can' };
  if (!nginx || !taskset) return { kind: 'skipped', reason: 'needs nginx and taskset (Debian: apt-get install nginx-light util-linux)' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const started: MeasuredProcess[] = [];
  using _ = putSessionFirst();
  try {
    const { backends } = await startableBackends(folder, port, nginx);
    const targets: MeasuredProcess[] = [];
    for (const [index, name] of ['nginx', 'sluice'].entries()) {
      const command = targetCommand(name, port + 2 + index, backends);
      if ('reason' in command) return { kind: 'skipped', reason: `${name}: ${command.reason}` };
      const target = await MeasuredProcess.start({ ...command, startedBy: beforeOthers() }, taskset, targetCore);
      started.push(target);
      targets.push(target);
    }
    const machine = describeMachine();
    const generator = { taskset, backendPort: backends.backendPort };
    const shootFull = (target: MeasuredProcess, round: number): Promise<Shot> => shootCapacity(generator, target, round, seconds / 2);
    for (const target of targets) await shootCapacity(generator, target, 0, settleSeconds);
    const capacities: Shot[] = [];
    const shots: LatencyShot[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const full: Shot[] = [];
      for (const target of shuffled(targets)) full.push(await shootFull(target, round));
      capacities.push(...full);
      shots.push(...(await shootAtRates(targets, slowestCapacity(full), { round, seconds, tries }, generator, print)));
    }
    print(renderCapacities(capacities));
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

/** Everybody at every rate, in a new order. */
async function shootAtRates(targets: readonly MeasuredProcess[], capacity: number, { round, seconds, tries }: { readonly round: number; readonly seconds: number; readonly tries: number }, generator: Generator, print: (line: string) => void): Promise<LatencyShot[]> {
  const shots: LatencyShot[] = [];
  for (const { target, share } of shuffled(targets.flatMap((target) => shares.map((share) => ({ target, share }))))) {
    const rate = Math.round(capacity * share);
    for (let count = 1; ; count += 1) {
      const [stolenBefore, othersBefore, startedAt] = [stolenMs(), othersMs(target), performance.now()];
      const load = await generate<GeneratedLoad>(generator, { kind: 'open', port: target.port, requestsPerSecond: rate, seconds, warmUpSeconds: seconds / 2, connections });
      const tookMs = performance.now() - startedAt;
      const stolen = stolenRatio(stolenBefore, tookMs);
      const others = Math.max(0, othersMs(target) - othersBefore) / tookMs;
      const voided = stolenProblem(stolen) ?? othersProblem(others) ?? latenessProblem(load);
      const shot = { target: target.name, round, share, rate, ...load, stolenRatio: stolen, othersRatio: others, voided };
      shots.push(shot);
      print(renderShot(shot));
      await pause(100);
      if (shot.voided === undefined || count === tries) break;
      await waitForCalm(calmWaitMs);
    }
  }
  return shots;
}

/** What its core has done so far for anybody but the target, in ms. */
function othersMs(target: MeasuredProcess): number {
  return readCore(targetCore).busyMs - target.cpuTimeUs() / 1_000;
}

/**
 * The targets go before whoever else is of their session, which goes before all others, where that is allowed: 99th percentiles would else be those of the scheduler.
 * Not by a real-time priority, which is taken from whoever is busy for 95 % of a second, for the rest of it: 50 ms.
 */
function beforeOthers(): readonly string[] {
  const startedBy = ['nice', '-n', '-20'];
  return spawnSync('nice', ['-n', '-20', process.execPath, '--version']).stderr.length === 0 ? startedBy : [];
}

/** All its connections busy: what it can do, or the generator, whichever is less. */
async function shootCapacity(generator: Generator, target: MeasuredProcess, round: number, seconds: number): Promise<Shot> {
  const before = target.cpuTimeUs();
  const result = await generate<ClosedLoopResult>(generator, { kind: 'closed', port: target.port, seconds, connections });
  const usedUs = target.cpuTimeUs() - before;
  const { requests, lost } = result;
  return {
    target: target.name,
    round,
    cpuUs: usedUs / requests,
    requests,
    requestsPerSecond: requests / result.seconds,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    busyRatio: usedUs / 1_000_000 / result.seconds,
    memoryKiB: target.privateMemoryKiB(),
    voided: lost > 0 ? `${lost} lost` : undefined,
  };
}

/**
 * On the core that the proxies have not, before most others: where that is not allowed, `nice` says so and goes on. It spins, so a
 * real-time priority would have it stopped for a twentieth of each second.
 */
async function generate<Result>({ taskset, backendPort }: Generator, options: DistributiveOmit<GeneratorOptions, 'backendPort' | 'replyBody'>): Promise<Result> {
  const main = join(import.meta.dirname, 'open-loop-main.ts');
  const argument = JSON.stringify({ ...options, backendPort, replyBody } satisfies GeneratorOptions);
  const { stdout } = await promisify(execFile)(taskset, ['-c', '1', 'nice', '-n', '-20', process.execPath, '--max-semi-space-size=32', main, argument], { encoding: 'utf8' });
  return JSON.parse(stdout) as Result;
}

type DistributiveOmit<Options, Keys extends PropertyKey> = Options extends unknown ? Omit<Options, Keys> : never;
