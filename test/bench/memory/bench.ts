/**
 * Private memory of the proxy and of nginx: at rest, after load, and with thousands of idle kept-alive connections.
 * Memory, unlike time, is the same on a busy machine.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { MeasuredProcess, pause } from '../method/measured-process.ts';
import { renderCells } from '../method/report.ts';
import { findTool } from '../method/tools.ts';
import { startableBackends, targetCommand } from '../proxy/targets.ts';
import { holdConnections } from './idle-connections.ts';

export interface MemoryOptions {
  /** Idle connections to hold. */
  readonly connections: number;
  readonly port: number;
  readonly print: (line: string) => void;
}

/** In MiB. */
export interface MemoryUse {
  readonly target: string;
  readonly idle: number;
  readonly loaded: number;
  readonly holding: number;
}

export type MemoryResult = { readonly kind: 'measured'; readonly uses: readonly MemoryUse[] } | { readonly kind: 'skipped'; readonly reason: string };

/** What is allowed, in MiB: at rest, and under load beside twice nginx's bytes per connection. */
const idleMax = 20;
const loadedMax = 40;

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { connections: { type: 'string', default: '10000' }, port: { type: 'string', default: '18800' } } });
  const result = await measureMemory({ connections: Number(values.connections), port: Number(values.port), print: (line) => console.log(line) });
  if (result.kind === 'skipped') console.log(`skipped: ${result.reason}`);
  return 0;
}

export async function measureMemory({ connections, port, print }: MemoryOptions): Promise<MemoryResult> {
  const [nginx, wrk, taskset] = [findTool('nginx'), findTool('wrk'), findTool('taskset')];
  if (process.platform !== 'linux') return { kind: 'skipped', reason: 'private memory is read from /proc, which only Linux has' };
  if (!nginx || !wrk || !taskset) return { kind: 'skipped', reason: 'needs nginx, wrk and taskset (Debian: apt-get install nginx-light wrk util-linux)' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const started: MeasuredProcess[] = [];
  const uses: MemoryUse[] = [];
  try {
    const { backends, commands } = await startableBackends(folder, port, nginx);
    for (const command of commands) started.push(await MeasuredProcess.start(command, taskset, 1));
    for (const [index, name] of ['nginx', 'sluice'].entries()) {
      const command = targetCommand(name, port + 2 + index, backends);
      if ('reason' in command) return { kind: 'skipped', reason: `${name}: ${command.reason}` };
      const target = await MeasuredProcess.start(command, taskset, 0);
      started.push(target);
      uses.push(await measureTarget(target, wrk, connections));
    }
    print(renderMemory(uses, connections));
    return { kind: 'measured', uses };
  } finally {
    await Promise.all(started.map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureTarget(target: MeasuredProcess, wrk: string, connections: number): Promise<MemoryUse> {
  const privateMiB = () => target.privateMemoryKiB() / 1024;
  // Starting is over, and its garbage given back.
  await pause(3_000);
  const idle = privateMiB();
  await promisify(execFile)(wrk, ['-t1', '-c50', '-d5s', `http://127.0.0.1:${target.port}/`]);
  await pause(1_000);
  const loaded = privateMiB();
  const held = await holdConnections(target.port, connections);
  await pause(2_000);
  const holding = privateMiB();
  held.close();
  return { target: target.name, idle, loaded, holding };
}

function renderMemory(uses: readonly MemoryUse[], connections: number): string {
  const nginx = uses.find(({ target }) => target === 'nginx') as MemoryUse;
  const nginxBytes = ((nginx.holding - nginx.loaded) * 1_048_576) / connections;
  const holdingMax = loadedMax + (2 * nginxBytes * connections) / 1_048_576;
  const rows = uses.map(({ target, idle, loaded, holding }) => [target, idle.toFixed(1), loaded.toFixed(1), holding.toFixed(1), (((holding - loaded) * 1_048_576) / connections).toFixed(0)]);
  const allowed = ['sluice may have', `≤ ${idleMax}`, `≤ ${loadedMax}`, `≤ ${holdingMax.toFixed(1)}`, ''];
  return renderCells(['private MiB', 'idle', 'after load, 50 connections', `${connections} idle connections`, 'bytes per connection'], [...rows, allowed]);
}
