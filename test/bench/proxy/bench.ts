/**
 * The proxy beside nginx, HAProxy and http-proxy-middleware in one run: a small GET over kept-alive connections.
 * `README.md` next to this file says how each figure is taken.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MeasuredProcess, pause } from './measured-process.ts';
import { renderTable, summarise, type Row } from './report.ts';
import { shoot, type Shot } from './shot.ts';
import { prepareTargets, replyBody, type Targets } from './targets.ts';
import { findTool } from './tools.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** First of five ports. */
  readonly port: number;
  /** Only these; empty for all. nginx, the peer, is always there. */
  readonly only: readonly string[];
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

export type BenchResult = { readonly kind: 'measured'; readonly rows: readonly Row[]; readonly shots: readonly Shot[] } | { readonly kind: 'skipped'; readonly reason: string };

const peer = 'nginx';

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      connections: { type: 'string', default: '50' },
      port: { type: 'string', default: '18800' },
      only: { type: 'string', default: '' },
      json: { type: 'string', default: '' },
    },
  });
  const result = await measure({
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    port: Number(values.port),
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
  const targets = prepareTargets(folder, options.port, nginx);
  for (const { name, reason } of targets.skipped) options.print(`${name} skipped: ${reason}`);
  const started: MeasuredProcess[] = [];
  try {
    started.push(await MeasuredProcess.start(targets.backend, taskset, 1));
    const proxies = await startProxies(targets, options, taskset, started);
    const shots = await shootRounds(proxies, { wrk, taskset, loadCore: 1, seconds: options.seconds, connections: options.connections }, options);
    const rows = summarise(shots, peer);
    options.print(describeMachine(options));
    options.print(renderTable(rows, peer));
    if (options.json !== '') writeFileSync(options.json, JSON.stringify({ machine: describeMachine(options), shots }, null, 1));
    return { kind: 'measured', rows, shots };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startProxies(targets: Targets, options: BenchOptions, taskset: string, started: MeasuredProcess[]): Promise<MeasuredProcess[]> {
  const proxies: MeasuredProcess[] = [];
  for (const command of targets.proxies) {
    if (options.only.length > 0 && command.name !== peer && !options.only.includes(command.name)) continue;
    const proxy = await MeasuredProcess.start(command, taskset, 0);
    started.push(proxy);
    await verify(proxy);
    proxies.push(proxy);
  }
  return proxies;
}

/** A fast wrong answer is worth nothing: the bytes are looked at before anything is timed. */
async function verify(proxy: MeasuredProcess): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
    const body = await response.text();
    if (response.status !== 200 || body !== replyBody) throw new Error(`${proxy.name} answers ${response.status} ${JSON.stringify(body)}`);
  }
}

async function shootRounds(proxies: readonly MeasuredProcess[], shot: Parameters<typeof shoot>[2], options: BenchOptions): Promise<Shot[]> {
  const shots: Shot[] = [];
  for (const proxy of proxies) await shoot(proxy, 0, { ...shot, seconds: Math.min(2, shot.seconds) });
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const proxy of shuffled(proxies)) {
      const taken = await shoot(proxy, round, shot);
      shots.push(taken);
      const note = taken.voided === undefined ? '' : `  void: ${taken.voided}`;
      options.print(`round ${round}  ${proxy.name.padEnd(22)} ${taken.cpuUs.toFixed(1).padStart(6)} µs  ${taken.requestsPerSecond.toFixed(0).padStart(6)}/s${note}`);
      await pause(100);
    }
  }
  return shots;
}

/** A new order for each round, so that nobody always follows the same neighbour. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function describeMachine({ rounds, seconds, connections }: BenchOptions): string {
  const model = cpus()[0]?.model ?? 'unknown';
  return `\nNode ${process.version}, Linux ${release()}, ${cpus().length} × ${model}; ${connections} connections, ${rounds} rounds of ${seconds} s, ${new Date().toISOString()}`;
}
