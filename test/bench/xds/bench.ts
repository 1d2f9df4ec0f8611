/**
 * The config service at scale: so many Services, so many connected proxies, over real gRPC. What a change of one endpoint
 * takes until the last proxy has accepted it, what it costs, and how that grows with the number of Services.
 */
import { parseArgs } from 'node:util';

import { median, renderCells } from '../method/report.ts';
import { Answering, type ChangeAnswer, type ConnectAnswer, type UseAnswer } from './messages.ts';
import { revisionsPerService } from './sizes.ts';

export interface XdsBenchOptions {
  /** Each a run of its own. */
  readonly services: readonly number[];
  readonly proxies: number;
  /** How many single changes are measured. */
  readonly changes: number;
  /** How many changes of routes are measured. */
  readonly shifts: number;
  /** How many proxies connect at once with nothing, besides the first. */
  readonly cold: number;
  readonly print: (line: string) => void;
}

export interface XdsRun {
  readonly services: number;
  /** From the first request to the API until snapshots are published. */
  readonly readyMs: number;
  /** One proxy that has nothing, as a whole client that decodes what it gets. */
  readonly coldConnectMs: number;
  /** All of a cold proxy's resources, in bytes. */
  readonly fullStateBytes: number;
  /** So many proxies with nothing at once. */
  readonly coldFleetMs: number;
  /** All proxies, with the versions of everything, as after the loss of a replica; of the other process is the larger part. */
  readonly warmFleetMs: number;
  readonly warmFleetCpuMs: number;
  readonly endpoint: ChangeFigures;
  readonly traffic: ChangeFigures;
  /** Every virtual host is another, under another name, once; for 20 proxies. */
  readonly full: ChangeFigures;
  readonly memoryMiB: number;
}

export interface ChangeFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly bytesPerProxy: number;
}

/** How many of the fleet stay for the change of everything: tens of megabytes go to each of them. */
const pushedTo = 20;

/** For clients outside, and for those inside. */
const tablesWithHosts = 2;

/**
 * How many of the fleet come back at once. The fleet is one process, and what it encodes for one proxy the others wait for:
 * more at once would measure that.
 */
const warmAtOnce = 8;

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: 'string', default: '100,1000,10000' },
      proxies: { type: 'string', default: '200' },
      changes: { type: 'string', default: '100' },
      shifts: { type: 'string', default: '50' },
      cold: { type: 'string', default: '4' },
    },
  });
  const services = values.services.split(',').map(Number);
  await measureXds({ services, proxies: Number(values.proxies), changes: Number(values.changes), shifts: Number(values.shifts), cold: Number(values.cold), print: (line) => console.log(line) });
  return 0;
}

export async function measureXds(options: XdsBenchOptions): Promise<readonly XdsRun[]> {
  const { proxies, print } = options;
  const runs: XdsRun[] = [];
  for (const services of options.services) runs.push(await measureSize(services, options));
  print(`${proxies} proxies on delta streams; per Service ${revisionsPerService} revisions with 5 endpoints each\n`);
  print(renderRuns(runs));
  print(renderGrowth('one endpoint moves, object change to last answer (p99, ms)', runs, ({ endpoint }) => endpoint.p99Ms));
  print(renderGrowth('shares of one Route shift, object change to last answer (p99, ms)', runs, ({ traffic }) => traffic.p99Ms));
  print(renderGrowth('bytes to each proxy for one Route', runs, ({ traffic }) => traffic.bytesPerProxy));
  print(renderGrowth('CPU of the config service for one Route (ms)', runs, ({ traffic }) => traffic.cpuMs));
  print(renderGrowth(`every Route for ${pushedTo} proxies, object change to last answer (ms)`, runs, ({ full }) => full.p99Ms));
  return runs;
}

async function measureSize(services: number, { proxies, changes, shifts, cold }: XdsBenchOptions): Promise<XdsRun> {
  const service = await Answering.start<{ readonly port: number; readonly readyMs: number }>('./service-main.ts', [String(services)], ['--max-old-space-size=6144']);
  const address = `127.0.0.1:${service.first.port}`;
  const fleet = await Answering.start('./fleet-main.ts', [address, String(services * revisionsPerService), String(services * tablesWithHosts)], ['--max-old-space-size=4096']);
  const use = () => service.process.ask<UseAnswer>({ kind: 'use' });
  try {
    const whole = await fleet.process.ask<ConnectAnswer>({ kind: 'whole client' });
    const first = await fleet.process.ask<ConnectAnswer>({ kind: 'connect', proxies: 1, parallel: 1, warm: false });
    const coldFleet = await fleet.process.ask<ConnectAnswer>({ kind: 'connect', proxies: cold, parallel: cold, warm: false });
    await fleet.process.ask({ kind: 'stop' });
    // The answers of the first gateways are written onto all Routes, once.
    await service.process.ask({ kind: 'rest' });
    const cpuBefore = (await use()).cpuUs;
    const warm = await fleet.process.ask<ConnectAnswer>({ kind: 'connect', proxies, parallel: warmAtOnce, warm: true });
    const connected = await use();
    await service.process.ask({ kind: 'rest' });
    const moves: ChangeAnswer[] = [];
    for (let life = 1; life <= changes; life += 1) {
      moves.push(await service.process.ask<ChangeAnswer>({ kind: 'move endpoint', service: (life * 37) % services, life, acks: proxies }));
    }
    const shifted: ChangeAnswer[] = [];
    for (let share = 1; share <= Math.min(shifts, changes); share += 1) {
      // Both tables have the host, and each proxy is sent and accepts both in one response.
      shifted.push(await service.process.ask<ChangeAnswer>({ kind: 'shift traffic', service: share % services, share, acks: proxies }));
    }
    const { memoryMiB } = await use();
    await fleet.process.ask({ kind: 'keep', proxies: pushedTo });
    await service.process.ask({ kind: 'rest' });
    const pushed = await service.process.ask<ChangeAnswer>({ kind: 'move domain', domain: 'example.org' });
    return {
      services,
      readyMs: service.first.readyMs,
      coldConnectMs: whole.ms,
      fullStateBytes: first.bytes,
      coldFleetMs: coldFleet.ms,
      warmFleetMs: warm.ms,
      warmFleetCpuMs: (connected.cpuUs - cpuBefore) / 1_000,
      endpoint: figuresOf(moves),
      traffic: figuresOf(shifted),
      full: figuresOf([pushed]),
      memoryMiB,
    };
  } finally {
    await Promise.all([fleet.process.stop(), service.process.stop()]);
  }
}

function figuresOf(answers: readonly ChangeAnswer[]): ChangeFigures {
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    p50Ms: median(times),
    p99Ms: times[Math.min(times.length - 1, Math.ceil(times.length * 0.99) - 1)] ?? Number.NaN,
    cpuMs: median(answers.map(({ cpuUs }) => cpuUs)) / 1_000,
    bytesPerProxy: median(answers.map(({ bytesPerProxy }) => bytesPerProxy)),
  };
}

/** How a figure grows with the number of Services. */
function renderGrowth(title: string, runs: readonly XdsRun[], figureOf: (run: XdsRun) => number): string {
  const longest = Math.max(...runs.map(figureOf));
  const bars = runs.map((run) => `${String(run.services).padStart(7)} ${'#'.repeat(Math.max(1, Math.round((figureOf(run) / longest) * 50)))} ${figureOf(run).toFixed(figureOf(run) < 100 ? 1 : 0)}`);
  return ['', title, ...bars].join('\n');
}

function renderRuns(runs: readonly XdsRun[]): string {
  const head = ['Services', 'ready ms', 'one cold ms', 'full state MB', 'cold fleet ms', 'warm fleet ms', 'its CPU ms', 'endpoint p50/p99 ms', 'CPU ms', 'bytes/proxy', 'route p50/p99 ms', 'CPU ms', 'bytes/proxy', `all routes (${pushedTo} proxies) ms`, 'CPU ms', 'MB/proxy', 'memory MiB'];
  const rows = runs.map((run) => [
    String(run.services),
    run.readyMs.toFixed(0),
    run.coldConnectMs.toFixed(0),
    (run.fullStateBytes / 1e6).toFixed(2),
    run.coldFleetMs.toFixed(0),
    run.warmFleetMs.toFixed(0),
    run.warmFleetCpuMs.toFixed(0),
    `${run.endpoint.p50Ms.toFixed(0)} / ${run.endpoint.p99Ms.toFixed(0)}`,
    run.endpoint.cpuMs.toFixed(1),
    run.endpoint.bytesPerProxy.toFixed(0),
    `${run.traffic.p50Ms.toFixed(0)} / ${run.traffic.p99Ms.toFixed(0)}`,
    run.traffic.cpuMs.toFixed(1),
    run.traffic.bytesPerProxy.toFixed(0),
    run.full.p99Ms.toFixed(0),
    run.full.cpuMs.toFixed(0),
    (run.full.bytesPerProxy / 1e6).toFixed(2),
    run.memoryMiB.toFixed(0),
  ]);
  return renderCells(head, rows);
}
