/**
 * Latency at fixed rates, half and four fifths of what the slower of the two can do: our proxy and nginx in turn, each
 * request timed from the moment it was due.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { describeMachine, renderMachine } from '../method/machine.ts';
import { MeasuredProcess } from '../method/measured-process.ts';
import { median, renderCells } from '../method/report.ts';
import { findTool } from '../method/tools.ts';
import { startableBackends, targetCommand } from '../proxy/targets.ts';

/** What our 99th percentile may be, of nginx's in the same round. */
const must = 2;

const connections = 50;

export interface LatencyOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly port: number;
  readonly json: string;
  readonly print: (line: string) => void;
}

export interface LatencyShot {
  readonly target: string;
  readonly round: number;
  readonly share: number;
  readonly rate: number;
  readonly requests: number;
  readonly lost: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export type LatencyResult = { readonly kind: 'measured'; readonly shots: readonly LatencyShot[] } | { readonly kind: 'skipped'; readonly reason: string };

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' }, port: { type: 'string', default: '18800' }, json: { type: 'string', default: '' } },
  });
  const result = await measureLatency({ rounds: Number(values.rounds), seconds: Number(values.seconds), port: Number(values.port), json: values.json, print: (line) => console.log(line) });
  if (result.kind === 'skipped') console.log(`skipped: ${result.reason}`);
  return 0;
}

export async function measureLatency({ rounds, seconds, port, json, print }: LatencyOptions): Promise<LatencyResult> {
  const [nginx, taskset] = [findTool('nginx'), findTool('taskset')];
  if (!nginx || !taskset) return { kind: 'skipped', reason: 'needs nginx and taskset (Debian: apt-get install nginx-light util-linux)' };
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
    const load = (target: MeasuredProcess, rate: number) => generate(taskset, target.port, rate, seconds);
    let capacity = Number.POSITIVE_INFINITY;
    for (const target of targets) {
      await load(target, 0);
      const { requests } = await load(target, 0);
      capacity = Math.min(capacity, requests / seconds);
    }
    const shots: LatencyShot[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const share of [0.5, 0.8]) {
        for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
          const rate = Math.round(capacity * share);
          shots.push({ target: target.name, round, share, rate, ...(await load(target, rate)) });
        }
      }
    }
    print(renderMachine(describeMachine()));
    print(renderLatencies(shots));
    if (json !== '') writeFileSync(json, JSON.stringify({ machine: describeMachine(), shots }, null, 1));
    return { kind: 'measured', shots };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

type Generated = Pick<LatencyShot, 'requests' | 'lost' | 'errors' | 'p50Ms' | 'p99Ms' | 'p999Ms'>;

async function generate(taskset: string, port: number, rate: number, seconds: number): Promise<Generated> {
  const { stdout } = await promisify(execFile)(taskset, ['-c', '1', process.execPath, join(import.meta.dirname, 'open-loop-main.ts'), String(port), String(rate), String(seconds), String(connections)], { encoding: 'utf8' });
  return JSON.parse(stdout) as Generated;
}

function renderLatencies(shots: readonly LatencyShot[]): string {
  const lines: string[][] = [];
  for (const share of [0.5, 0.8]) {
    const peers = new Map(shots.filter((shot) => shot.share === share && shot.target === 'nginx').map((shot) => [shot.round, shot.p99Ms]));
    for (const target of ['nginx', 'sluice']) {
      const own = shots.filter((shot) => shot.share === share && shot.target === target);
      const ratios = own.map(({ round, p99Ms }) => p99Ms / (peers.get(round) ?? Number.NaN));
      const ms = (read: (shot: LatencyShot) => number) => median(own.map(read)).toFixed(2);
      lines.push([
        `${share * 100} % (${own[0]?.rate}/s)`,
        target,
        ms(({ p50Ms }) => p50Ms),
        ms(({ p99Ms }) => p99Ms),
        ms(({ p999Ms }) => p999Ms),
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)})`,
        target === 'nginx' ? '' : `≤ ${must}`,
        String(own.reduce((sum, { lost, errors }) => sum + lost + errors, 0)),
      ]);
    }
  }
  return renderCells(['rate', 'proxy', 'p50 ms', 'p99 ms', 'p99.9 ms', 'p99 × nginx', 'must', 'lost'], lines);
}
