/**
 * The sidecar by itself, from its bundle: from its start to listening beside a `node:net` server that does nothing, what it has loaded by then, how often it wakes up
 * while nobody asks, and its private memory.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, dataPlaneFlags, runSidecarOnce, sidecarEnvironment } from '@sluice/cli';
import { createMeter, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { loadCodec, LoadServer, openGrpcServer } from '@sluice/xds';
import { freePorts } from '../method/free-ports.ts';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { pause } from '../method/measured-process.ts';
import { median, renderCells } from '../method/report.ts';
import { shuffled } from '../method/rounds.ts';
import { renderVerdicts, type Verdict } from '../method/verdict.ts';
import { askOften, RunningNode } from './running-node.ts';

const sidecarMain = join(import.meta.dirname, '../../../packages/apps/queue-proxy/src/main.ts');

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** What must be reached: of the empty server's start; wake-ups a second beside those of the report; MiB as the proxy's. */
const goals = { startRatio: 1.5, wakeUpsPerSecond: 0.2, idleMiB: 20, loadedMiB: 40 };

/** Until everything has been loaded, and its garbage given back. */
const settleMs = 5000;

export interface SidecarOptions {
  readonly rounds: number;
  /** How long wake-ups are counted. */
  readonly idleSeconds: number;
  readonly print: (line: string) => void;
}

export interface SidecarResult {
  readonly machine: Machine;
  readonly startMs: { readonly empty: readonly number[]; readonly sidecar: readonly number[] };
  readonly loaded: { readonly files: readonly string[]; readonly builtins: readonly string[] };
  /** Each second, of all threads: with somebody to report to each second, and with nobody. */
  readonly wakeUps: { readonly reporting: number; readonly silent: number; readonly empty: number };
  readonly memoryMiB: { readonly idle: number; readonly loaded: number; readonly empty: number };
  readonly verdicts: readonly Verdict[];
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: '15' }, idle: { type: 'string', default: '10' }, json: { type: 'string', default: '' } } });
  const result = await measureSidecar({ rounds: Number(values.rounds), idleSeconds: Number(values.idle), print: (line) => console.log(line) });
  if (values.json !== '') writeFileSync(values.json, JSON.stringify(result, null, 1));
  return 0;
}

export async function measureSidecar({ rounds, idleSeconds, print }: SidecarOptions): Promise<SidecarResult> {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const program = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(answer)));
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve));
  const codec = await loadCodec('load');
  const server = new LoadServer({ clock: systemClock, logger: silentLogger, meter: createMeter() });
  const grpc = await openGrpcServer({ address: '127.0.0.1:0', codec, timers: systemTimers, handlers: { onAds() {}, onLoadStats: (stream) => server.acceptReports(stream), onLoad() {} } });
  try {
    const bundled = await bundle('queue-proxy', sidecarMain, join(folder, 'bundle'));
    const command = [process.execPath, ...dataPlaneFlags, bundled] as const;
    if (!(await runSidecarOnce(command))) throw new Error('the sidecar does not answer');
    const first = await freePorts(6);
    const emptyPort = first + 5;
    const emptyMain = join(folder, 'empty.mjs');
    writeFileSync(emptyMain, `import { createServer } from 'node:net';\ncreateServer((socket) => socket.on('data', () => socket.end(${JSON.stringify(answer)}))).listen(${emptyPort}, '127.0.0.1');\n`);
    const environment = sidecarEnvironment({ userPort: (program.address() as AddressInfo).port, ports: Array.from({ length: 5 }, (_, index) => first + index) });
    const sidecar = (more: Record<string, string> = {}) => new RunningNode(command, { ...environment, ...more }, first);
    const empty = () => new RunningNode([process.execPath, emptyMain], {}, emptyPort);

    const startMs = await measureStarts({ sidecar, empty }, rounds);
    const loaded = await whatIsLoaded(folder, command, { ...environment }, first);
    const reportTo = { SLUICE_CONFIG_SERVICE: `127.0.0.1:${grpc.port}` };
    const wakeUps = { reporting: await wakeUpsOf(sidecar(reportTo), idleSeconds), silent: await wakeUpsOf(sidecar(), idleSeconds), empty: await wakeUpsOf(empty(), idleSeconds) };
    const memoryMiB = { ...(await memoryOf(sidecar(reportTo))), empty: await idleMemoryOf(empty()) };
    const verdicts: Verdict[] = [
      { work: 'sidecar, start to listening', unit: '×', peer: 'an empty Node server', must: goals.startRatio, aim: goals.startRatio, figures: startMs.sidecar.map((time, round) => time / (startMs.empty[round] ?? Number.NaN)) },
      { work: 'sidecar, private memory at rest', unit: 'MiB', peer: '', must: goals.idleMiB, aim: goals.idleMiB, figures: [memoryMiB.idle] },
      { work: 'sidecar, private memory after load', unit: 'MiB', peer: '', must: goals.loadedMiB, aim: goals.loadedMiB, figures: [memoryMiB.loaded] },
    ];
    const result = { machine, startMs, loaded, wakeUps, memoryMiB, verdicts };
    print(renderMachine(machine));
    print(renderSidecar(result));
    print(renderVerdicts(verdicts));
    return result;
  } finally {
    await grpc.stop();
    program.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Start = () => RunningNode;

/** In an order that changes. The first round fills the file cache, and Node's own of compiled code. */
async function measureStarts(starts: { readonly sidecar: Start; readonly empty: Start }, rounds: number): Promise<SidecarResult['startMs']> {
  const startMs = { empty: [] as number[], sidecar: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of shuffled(['empty', 'sidecar'] as const)) {
      const running = starts[name]();
      const ms = await running.whenListening();
      await running.kill();
      if (round > 0) startMs[name].push(ms);
    }
  }
  return startMs;
}

/** Files and modules of Node that were loaded when the port for requests was bound. */
async function whatIsLoaded(folder: string, [node, ...args]: readonly [string, ...string[]], environment: Record<string, string>, port: number): Promise<SidecarResult['loaded']> {
  const told = join(folder, 'loaded.json');
  const preload = join(folder, 'tell-loaded.cjs');
  writeFileSync(preload, tellLoaded(told));
  const running = new RunningNode([node, '--require', preload, ...args], environment, port);
  await running.whenListening();
  await pause(100);
  await running.kill();
  return JSON.parse(readFileSync(told, 'utf8')) as SidecarResult['loaded'];
}

/** Node's own start is no part of it: what is told is what has come since. */
function tellLoaded(file: string): string {
  return `
    const Module = require('node:module');
    const { writeFileSync } = require('node:fs');
    const { basename } = require('node:path');
    const files = new Set(), builtins = new Set();
    const load = Module._load;
    Module._load = function (id, parent, isMain) {
      if (Module.builtinModules.includes(id.replace(/^node:/, ''))) builtins.add(id.replace(/^node:/, ''));
      else files.add(basename(id));
      return load.call(this, id, parent, isMain);
    };
    const { Server } = require('node:net');
    const { listen } = Server.prototype;
    Server.prototype.listen = function (...args) {
      writeFileSync(${JSON.stringify(file)}, JSON.stringify({ files: [...files], builtins: [...builtins].sort() }));
      Server.prototype.listen = listen;
      return listen.apply(this, args);
    };
  `;
}

async function wakeUpsOf(running: RunningNode, seconds: number): Promise<number> {
  await running.whenListening();
  await pause(settleMs);
  const before = running.wakeUps();
  await pause(seconds * 1000);
  const woken = running.wakeUps() - before;
  await running.kill();
  return woken / seconds;
}

/** At rest, and a second after 50 connections have asked for five. */
async function memoryOf(running: RunningNode): Promise<{ readonly idle: number; readonly loaded: number }> {
  await running.whenListening();
  await pause(settleMs);
  const idle = running.privateMiB();
  await askOften(running.port, { connections: 50, forMs: 5000 });
  await pause(1000);
  const loaded = running.privateMiB();
  await running.kill();
  return { idle, loaded };
}

async function idleMemoryOf(running: RunningNode): Promise<number> {
  await running.whenListening();
  await pause(settleMs);
  const idle = running.privateMiB();
  await running.kill();
  return idle;
}

function renderSidecar({ startMs, loaded, wakeUps, memoryMiB }: SidecarResult): string {
  const spread = (values: readonly number[]) => `${Math.min(...values).toFixed(1)} / ${median(values).toFixed(1)} / ${Math.max(...values).toFixed(1)}`;
  const beyond = wakeUps.silent - wakeUps.empty;
  return [
    renderCells(
      ['', 'start to listening, ms min / median / max', 'wake-ups a second', 'private MiB, idle', 'after load'],
      [
        ['empty Node server', spread(startMs.empty), wakeUps.empty.toFixed(1), memoryMiB.empty.toFixed(1), ''],
        ['sidecar that reports each second', spread(startMs.sidecar), wakeUps.reporting.toFixed(1), memoryMiB.idle.toFixed(1), memoryMiB.loaded.toFixed(1)],
        ['sidecar with nobody to report to', '', wakeUps.silent.toFixed(1), '', ''],
      ],
    ),
    `loaded when it listens: ${loaded.files.join(', ')}; of Node: ${loaded.builtins.join(', ')}`,
    `wake-ups beyond the report: ${beyond.toFixed(1)} a second, goal ≤ ${goals.wakeUpsPerSecond}: ${beyond <= goals.wakeUpsPerSecond ? 'met' : 'NOT MET'}`,
  ].join('\n');
}
