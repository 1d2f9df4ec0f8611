/**
 * The proxy beside nginx, HAProxy and http-proxy-middleware in one run, work by work. `README.md` one folder up says
 * how each figure is taken.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { MeasuredProcess } from '../method/measured-process.ts';
import { renderTable, summarise, type Row } from '../method/report.ts';
import { shootRounds } from '../method/rounds.ts';
import type { Shot } from '../method/shot.ts';
import { findTool } from '../method/tools.ts';
import { shootWithWrk } from '../method/wrk-shot.ts';
import { renderVerdicts, type Verdict } from '../method/verdict.ts';
import { accessLogOf, loggingTargets, startableBackends, targetCommand, type Backends } from './targets.ts';
import { uploadScript } from './upload-script.ts';
import { verify, verifyAccessLog } from './verify.ts';
import { works, type Work } from './works.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Shots of each target that do not count, at most. Default 5. */
  readonly warmUpsMax?: number;
  /** Names of works; empty for all. */
  readonly works: readonly string[];
  /** Only these targets, and the peers they are compared with; empty for all. */
  readonly only: readonly string[];
  /** First of some twenty ports. */
  readonly port: number;
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

export interface MeasuredWork {
  readonly work: Work;
  readonly rows: readonly Row[];
  readonly shots: readonly Shot[];
}

export type BenchResult = { readonly kind: 'measured'; readonly machine: Machine; readonly works: readonly MeasuredWork[]; readonly verdicts: readonly Verdict[] } | { readonly kind: 'skipped'; readonly reason: string };

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      port: { type: 'string', default: '18800' },
      only: { type: 'string', default: '' },
      json: { type: 'string', default: '' },
    },
  });
  const unknown = positionals.filter((name) => !works.some((work) => work.name === name));
  if (unknown.length > 0) {
    console.error(`no such work: ${unknown.join(', ')}; there are ${works.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const result = await measure({
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    port: Number(values.port),
    works: positionals,
    only: values.only === '' ? [] : values.only.split(','),
    json: values.json,
    print: (line) => console.log(line),
  });
  if (result.kind === 'skipped') console.log(`skipped: ${result.reason}`);
  return 0;
}

export async function measure(options: BenchOptions): Promise<BenchResult> {
  const [nginx, wrk, taskset] = [findTool('nginx'), findTool('wrk'), findTool('taskset')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'CPU time is read from /proc, which only Linux has' };
  if (!nginx || !wrk || !taskset) return { kind: 'skipped', reason: 'needs nginx, wrk and taskset (Debian: apt-get install nginx-light wrk util-linux)' };
  if (cpus().length < 2) return { kind: 'skipped', reason: 'needs two cores: one for the proxy, one for load and backend' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const machine = describeMachine();
  const { backends, commands } = await startableBackends(folder, options.port, nginx);
  const started: MeasuredProcess[] = [];
  const measured: MeasuredWork[] = [];
  try {
    for (const command of commands) started.push(await MeasuredProcess.start(command, taskset, 1));
    for (const work of works) {
      if (options.works.length > 0 && !options.works.includes(work.name)) continue;
      measured.push(await measureWork(work, backends, { wrk, taskset }, options));
    }
    options.print(`\n${renderMachine(machine)}; ${options.rounds} rounds of ${options.seconds} s`);
    const verdicts = measured.flatMap(verdictOf);
    options.print(renderVerdicts(verdicts));
    if (options.json !== '') writeFileSync(options.json, JSON.stringify({ machine, rounds: options.rounds, seconds: options.seconds, works: measured }, null, 1));
    return { kind: 'measured', machine, works: measured, verdicts };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All its targets are alive at once, and only they. */
async function measureWork(work: Work, backends: Backends, { wrk, taskset }: { readonly wrk: string; readonly taskset: string }, options: BenchOptions): Promise<MeasuredWork> {
  const { print } = options;
  print(`\n${work.name}: ${work.title}`);
  const targets: MeasuredProcess[] = [];
  const shots: Shot[] = [];
  try {
    for (const [index, name] of work.targets.entries()) {
      if (options.only.length > 0 && name !== work.peer && !options.only.includes(name)) continue;
      const command = targetCommand(name, options.port + 2 + index, backends);
      if ('reason' in command) {
        print(`${name} skipped: ${command.reason}`);
        continue;
      }
      const target = await MeasuredProcess.start(command, taskset, 0);
      targets.push(target);
      await verify(target, work);
    }
    const script = uploadScript(backends.folder, work);
    const load = { wrk, taskset, loadCore: 1, seconds: options.seconds, connections: work.connections, ...(work.scheme && { scheme: work.scheme }), ...(work.path && { path: work.path }), ...(work.headers && { headers: work.headers }), ...(script && { script }) };
    const counted = await shootRounds({
      targets,
      rounds: options.rounds,
      ...(options.warmUpsMax !== undefined && { warmUpsMax: options.warmUpsMax }),
      shoot: (target, round) => shootWithWrk(target, round, load),
      onShot: ({ round, target, cpuUs, requestsPerSecond, voided }) => print(`round ${round}  ${target.padEnd(22)} ${cpuUs.toFixed(1).padStart(7)} µs  ${requestsPerSecond.toFixed(0).padStart(6)}/s${voided === undefined ? '' : `  void: ${voided}`}`),
    });
    shots.push(...counted);
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
  for (const name of loggingTargets.filter((name) => work.targets.includes(name))) {
    const requests = shots.filter(({ target }) => target === name).reduce((sum, shot) => sum + shot.requests, 0);
    if (requests > 0) await verifyAccessLog(name, accessLogOf(name, backends.folder), requests);
  }
  const rows = summarise(shots, work.peer);
  print(renderTable(rows, work.peer));
  return { work, rows, shots };
}

function verdictOf({ work, rows }: MeasuredWork): Verdict[] {
  const ours = rows.find(({ target }) => target.startsWith('sluice') && target !== work.peer);
  return ours ? [{ work: work.title, unit: '×', peer: work.peer, must: work.must, aim: work.aim, figures: ours.ratios }] : [];
}
