/**
 * The proxy beside a plain proxy on node:http2, nginx and HAProxy in one run, over HTTP/2 on both sides. `README.md` one
 * folder up says how each figure is taken.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleProxy } from '../method/bundled-proxy.ts';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { MeasuredProcess } from '../method/measured-process.ts';
import { renderTable, summarise, type Row } from '../method/report.ts';
import { shootRounds } from '../method/rounds.ts';
import type { Shot } from '../method/shot.ts';
import { findTool } from '../method/tools.ts';
import { renderVerdicts, type Verdict } from '../method/verdict.ts';
import { shootWithH2load } from './h2load-shot.ts';
import { backendCommand, echoCommand, replyBody, targetCommand } from './targets.ts';
import { expectAnswer } from './verify.ts';
import { peer, targetNames, works, type Work } from './works.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Shots of each target that do not count, at most. Default 5. */
  readonly warmUpsMax?: number;
  /** Names of works; empty for all. */
  readonly works: readonly string[];
  /** Only these targets and the peer; empty for all. */
  readonly only: readonly string[];
  /** First of a dozen ports. */
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
      port: { type: 'string', default: '18700' },
      only: { type: 'string', default: '' },
      json: { type: 'string', default: '' },
    },
  });
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
  const [nginx, h2load, taskset] = [findTool('nginx'), findTool('h2load'), findTool('taskset')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'CPU time is read from /proc, which only Linux has' };
  if (!nginx || !h2load || !taskset) return { kind: 'skipped', reason: 'needs nginx, h2load and taskset (Debian: apt-get install nginx-light nghttp2-client util-linux)' };
  if (cpus().length < 2) return { kind: 'skipped', reason: 'needs two cores: one for the proxy, one for load and backend' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const machine = describeMachine();
  const started: MeasuredProcess[] = [];
  try {
    started.push(await MeasuredProcess.start(backendCommand(folder, options.port, nginx), taskset, 1));
    started.push(await MeasuredProcess.start(echoCommand(options.port + 1), taskset, 1));
    const bundled = await bundleProxy(folder);
    const targets: MeasuredProcess[] = [];
    for (const [index, name] of targetNames.entries()) {
      if (options.only.length > 0 && name !== peer && !options.only.includes(name)) continue;
      const target = await startVerified(name, folder, bundled, options, taskset, options.port + 2 + index * 2);
      if (target) targets.push(target);
    }
    started.push(...targets);
    const measured: MeasuredWork[] = [];
    for (const work of works) {
      if (options.works.length > 0 && !options.works.includes(work.name)) continue;
      measured.push(await measureWork(work, targets, folder, { h2load, taskset }, options));
    }
    options.print(`\n${renderMachine(machine)}; ${options.rounds} rounds of ${options.seconds} s`);
    const verdicts = measured.flatMap(verdictsOf);
    options.print(renderVerdicts(verdicts));
    if (options.json !== '') writeFileSync(options.json, JSON.stringify({ machine, rounds: options.rounds, seconds: options.seconds, works: measured }, null, 1));
    return { kind: 'measured', machine, works: measured, verdicts };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compared once before the server that sends bodies back, then started for good. Undefined when it cannot be. */
async function startVerified(name: string, folder: string, bundled: string, options: BenchOptions, taskset: string, port: number): Promise<MeasuredProcess | undefined> {
  const [before, command] = [targetCommand(name, folder, port + 1, options.port + 1, bundled), targetCommand(name, folder, port, options.port, bundled)];
  if ('reason' in before || 'reason' in command) {
    options.print(`${name} skipped: ${'reason' in before ? before.reason : ''}`);
    return undefined;
  }
  const echoing = await MeasuredProcess.start(before, taskset, 0);
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  try {
    await expectAnswer(name, echoing.port, body, body);
  } finally {
    await echoing.stop();
  }
  const target = await MeasuredProcess.start(command, taskset, 0);
  try {
    await expectAnswer(name, target.port, undefined, Buffer.from(replyBody));
    await expectAnswer(name, target.port, body.subarray(0, 1024), Buffer.from(replyBody));
  } catch (error) {
    await target.stop();
    throw error;
  }
  return target;
}

async function measureWork(work: Work, targets: readonly MeasuredProcess[], folder: string, tools: { readonly h2load: string; readonly taskset: string }, options: BenchOptions): Promise<MeasuredWork> {
  const { print } = options;
  print(`\n${work.name}: ${work.title}`);
  const bodyFile = join(folder, 'upload');
  writeFileSync(bodyFile, Buffer.alloc(work.uploadBytes, 'u'));
  const load = { ...tools, loadCore: 1, seconds: options.seconds, connections: work.connections, streams: work.streams, headers: work.headers, ...(work.uploadBytes > 0 && { bodyFile }) };
  const shots = await shootRounds({
    targets,
    rounds: options.rounds,
    ...(options.warmUpsMax !== undefined && { warmUpsMax: options.warmUpsMax }),
    shoot: (target, round) => shootWithH2load(target, round, load),
    onShot: ({ round, target, cpuUs, requestsPerSecond, voided }) => print(`round ${round}  ${target.padEnd(12)} ${cpuUs.toFixed(1).padStart(7)} µs  ${requestsPerSecond.toFixed(0).padStart(6)}/s${voided === undefined ? '' : `  void: ${voided}`}`),
  });
  const rows = summarise(shots, peer);
  print(renderTable(rows, peer));
  return { work, rows, shots };
}

/** Beside the plain proxy, and beside HAProxy where it is installed. */
function verdictsOf({ work, shots }: MeasuredWork): Verdict[] {
  const beside = (other: string) => summarise(shots, other).find(({ target }) => target === 'sluice');
  const [plain, haproxy] = [beside(peer), shots.some(({ target }) => target === 'haproxy') ? beside('haproxy') : undefined];
  return [
    ...(plain ? [{ work: work.title, unit: '×' as const, peer, must: work.must, aim: work.aim, figures: plain.ratios }] : []),
    ...(haproxy ? [{ work: work.title, unit: '×' as const, peer: 'haproxy', must: 2, aim: 1.3, figures: haproxy.ratios }] : []),
  ];
}
