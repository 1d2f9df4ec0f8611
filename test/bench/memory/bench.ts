/**
 * Private memory of the proxy and of nginx: at rest, after load, and with thousands of idle kept-alive connections.
 * Memory, unlike time, is the same on a busy machine.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { MeasuredProcess, pause } from '../method/measured-process.ts';
import { median, renderCells } from '../method/report.ts';
import { findTool } from '../method/tools.ts';
import { renderVerdicts, type Verdict } from '../method/verdict.ts';
import { startableBackends, targetCommand } from '../proxy/targets.ts';
import { holdConnections } from './idle-connections.ts';

export interface MemoryOptions {
  /** Each with processes of its own. */
  readonly rounds: number;
  /** Idle connections to hold. */
  readonly connections: number;
  readonly port: number;
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

/** In MiB. */
export interface MemoryUse {
  readonly target: string;
  readonly round: number;
  readonly idle: number;
  readonly loaded: number;
  readonly holding: number;
}

export type MemoryResult =
  | { readonly kind: 'measured'; readonly machine: Machine; readonly uses: readonly MemoryUse[]; readonly verdicts: readonly Verdict[] }
  | { readonly kind: 'skipped'; readonly reason: string };

/** What is allowed, in MiB: at rest, and under load beside twice nginx's bytes per connection. */
const idleMax = 20;
const loadedMax = 40;

/** Connections of the load. */
const loadConnections = 50;

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '1' }, connections: { type: 'string', default: '10000' }, port: { type: 'string', default: '18800' }, json: { type: 'string', default: '' } },
  });
  const result = await measureMemory({ rounds: Number(values.rounds), connections: Number(values.connections), port: Number(values.port), json: values.json, print: (line) => console.log(line) });
  if (result.kind === 'skipped') console.log(`skipped: ${result.reason}`);
  return 0;
}

export async function measureMemory({ rounds, connections, port, json, print }: MemoryOptions): Promise<MemoryResult> {
  const [nginx, wrk, taskset] = [findTool('nginx'), findTool('wrk'), findTool('taskset')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'private memory is read from /proc, which only Linux has' };
  if (!nginx || !wrk || !taskset) return { kind: 'skipped', reason: 'needs nginx, wrk and taskset (Debian: apt-get install nginx-light wrk util-linux)' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const machine = describeMachine();
  const started: MeasuredProcess[] = [];
  const uses: MemoryUse[] = [];
  try {
    const { backends, commands } = await startableBackends(folder, port, nginx);
    for (const command of commands) started.push(await MeasuredProcess.start(command, taskset, 1));
    for (let round = 1; round <= rounds; round += 1) {
      for (const [index, name] of ['nginx', 'sluice'].entries()) {
        const command = targetCommand(name, port + 2 + index, backends);
        if ('reason' in command) return { kind: 'skipped', reason: `${name}: ${command.reason}` };
        const target = await MeasuredProcess.start(command, taskset, 0);
        started.push(target);
        uses.push(await measureTarget(target, round, { wrk, taskset }, connections));
        await target.stop();
      }
    }
    const verdicts = memoryVerdicts(uses, connections);
    print(`${renderMachine(machine)}; ${rounds} rounds`);
    print(renderMemory(uses, connections));
    print(renderVerdicts(verdicts));
    if (json !== '') writeFileSync(json, JSON.stringify({ machine, rounds, connections, uses }, null, 1));
    return { kind: 'measured', machine, uses, verdicts };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureTarget(target: MeasuredProcess, round: number, { wrk, taskset }: { readonly wrk: string; readonly taskset: string }, connections: number): Promise<MemoryUse> {
  const privateMiB = () => target.privateMemoryKiB() / 1024;
  // Starting is over, and its garbage given back.
  await pause(3_000);
  const idle = privateMiB();
  await promisify(execFile)(taskset, ['-c', '1', wrk, '-t1', `-c${loadConnections}`, '-d5s', `http://127.0.0.1:${target.port}/`]);
  await pause(1_000);
  const loaded = privateMiB();
  const held = await holdConnections(target.port, connections);
  await pause(2_000);
  const holding = privateMiB();
  held.close();
  return { target: target.name, round, idle, loaded, holding };
}

function memoryVerdicts(uses: readonly MemoryUse[], connections: number): Verdict[] {
  const ours = uses.filter(({ target }) => target === 'sluice');
  const nginxBytes = bytesPerConnection(uses.filter(({ target }) => target === 'nginx'), connections);
  const beside = (count: number) => loadedMax + (2 * nginxBytes * count) / 1_048_576;
  const line = (work: string, must: number, read: (use: MemoryUse) => number): Verdict => ({ work, unit: 'MiB', peer: '', must, aim: must, figures: ours.map(read) });
  return [
    line('private memory at rest', idleMax, ({ idle }) => idle),
    line(`private memory after load, ${loadConnections} connections`, beside(loadConnections), ({ loaded }) => loaded),
    line(`private memory with ${connections} idle connections`, beside(connections), ({ holding }) => holding),
  ];
}

function bytesPerConnection(uses: readonly MemoryUse[], connections: number): number {
  return (median(uses.map(({ loaded, holding }) => holding - loaded)) * 1_048_576) / connections;
}

function renderMemory(uses: readonly MemoryUse[], connections: number): string {
  const rows = [...new Set(uses.map(({ target }) => target))].map((name) => {
    const own = uses.filter(({ target }) => target === name);
    const middle = (read: (use: MemoryUse) => number) => median(own.map(read)).toFixed(1);
    return [name, middle(({ idle }) => idle), middle(({ loaded }) => loaded), middle(({ holding }) => holding), bytesPerConnection(own, connections).toFixed(0)];
  });
  return renderCells(['private MiB', 'idle', `after load, ${loadConnections} connections`, `${connections} idle connections`, 'bytes per connection'], rows);
}
