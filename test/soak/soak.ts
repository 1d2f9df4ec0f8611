/**
 * A soak: the real proxy in a process of its own under mixed traffic, while one fault after the other is done to it. Every
 * answer carries its request's id, so that a lost, doubled or exchanged one is seen.
 */
import { createSeededRandom, randomInt, type Random } from '@sluice/kernel';
import { laneKinds, type Lane, type LaneContext, type LaneKind } from './lanes.ts';
import { ProxyProcess } from './proxy-process.ts';
import { growthOf, type MemoryGrowth } from './memory-growth.ts';
import type { ProxyNumbers } from './proxy-main.ts';
import { soakBootstrap, type SoakHosts } from './soak-bootstrap.ts';
import { Tally, type PhaseNumbers } from './tally.ts';
import { Upstream, type SeenRequests } from './upstreams.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** Only faults whose names contain this. */
  readonly only?: string;
  /** How long each client rests between two requests, in ms. Default 1: everybody gets a turn, also the timers of faults. */
  readonly restMs?: number;
}

export interface PhaseResult extends PhaseNumbers {
  readonly fault: string;
  readonly duplicates: number;
  /** From the end of the fault until a row of requests was good, in ms. */
  readonly recoveryMs: number;
  readonly before: ProxyNumbers;
  readonly after: ProxyNumbers;
}

export interface SoakResult {
  readonly phases: readonly PhaseResult[];
  /** Configurations that were put in force. */
  readonly configurations: number;
  /** When all clients have gone. */
  readonly atRest: ProxyNumbers;
  /** Of memory at rest. Absent: too short to say. */
  readonly growth: { readonly live: MemoryGrowth; readonly private: MemoryGrowth } | undefined;
  /** What is wrong, in words; empty: it has passed. */
  readonly failures: readonly string[];
}

interface Fault {
  readonly name: string;
  readonly churns?: boolean;
  readonly kills?: boolean;
  readonly lanes?: readonly LaneKind[];
}

const faults: readonly Fault[] = [
  { name: 'none' },
  { name: 'configuration churn', churns: true },
  { name: 'hosts killed and revived', kills: true },
  { name: 'clients that vanish', lanes: ['vanishing', 'vanishing'] },
  { name: 'slow readers', lanes: ['slowReader', 'slowReader'] },
  { name: 'churn and vanishing clients', churns: true, lanes: ['vanishing'] },
  { name: 'all at once', churns: true, kills: true, lanes: ['vanishing', 'slowReader'] },
];

const everyday: readonly LaneKind[] = ['get', 'get', 'get', 'post', 'chunked', 'http2', 'http2', 'grpc', 'websocket', 'websocket'];

const churnMs = 100;
const recoveredRow = 30;
const hostsOfEach = 3;
/** A short soak has seen each fault once; a long one goes round. */
const phaseSecondsMax = 30;

export async function runSoak({ seconds, seed, print, only = '', restMs = 1 }: SoakOptions): Promise<SoakResult> {
  const soak = new Soak(seed, restMs);
  try {
    await soak.start();
    const wanted = faults.filter(({ name }) => name.includes(only));
    const rounds = Math.max(1, Math.round(seconds / (wanted.length * phaseSecondsMax)));
    const phaseMs = (seconds * 1000) / (rounds * wanted.length);
    const phases: PhaseResult[] = [];
    print(`seed ${seed}, ${rounds} × ${wanted.length} phases of ${(phaseMs / 1000).toFixed(1)} s`);
    print(matrixHead);
    for (let round = 0; round < rounds; round += 1) {
      for (const fault of wanted) {
        const result = await soak.phase(fault, phaseMs);
        phases.push(result);
        print(matrixLine(result));
        for (const example of result.examples) print(`    ${example}`);
      }
    }
    return await soak.conclude(phases, phaseMs);
  } finally {
    await soak.stop();
  }
}

class Soak {
  readonly #random: Random;
  readonly #restMs: number;
  readonly #seen: SeenRequests = new Map();
  readonly #tally = new Tally();
  readonly #proxy = new ProxyProcess();
  #upstreams: readonly Upstream[] = [];
  #hosts: SoakHosts = { plain: [], http2: [] };
  #version = 0;
  #ids = 0;
  #port = 0;
  #deathsUntil = 0;

  constructor(seed: number, restMs: number) {
    this.#random = createSeededRandom(seed);
    this.#restMs = restMs;
  }

  async start(): Promise<void> {
    const all = (speaks: 'http1' | 'http2') => Promise.all(Array.from({ length: hostsOfEach }, () => Upstream.start(speaks, this.#seen)));
    const [plain, http2] = [await all('http1'), await all('http2')];
    this.#upstreams = [...plain, ...http2];
    this.#hosts = { plain: plain.map(({ address }) => address), http2: http2.map(({ address }) => address) };
    const ports = await this.#proxy.apply(soakBootstrap(0, this.#hosts));
    if (ports['edge'] === undefined) throw new Error(`the proxy did not start: ${this.#proxy.refused.join('; ')}`);
    this.#port = ports['edge'];
  }

  async stop(): Promise<void> {
    await this.#proxy.end();
    for (const upstream of this.#upstreams) upstream.kill();
  }

  async phase(fault: Fault, phaseMs: number): Promise<PhaseResult> {
    const before = await this.#proxy.numbers();
    this.#seen.clear();
    let isOver = false;
    const lanes = [...everyday, ...(fault.lanes ?? [])].map((kind) => laneKinds[kind](this.#context()));
    const running = lanes.map((lane) => runUntil(lane, this.#restMs, () => isOver));
    const faulty = { isOver: false };
    const doing = [fault.churns === true ? this.#churn(faulty) : undefined, fault.kills === true ? this.#kill(faulty) : undefined];
    await pause(phaseMs);
    faulty.isOver = true;
    await Promise.all(doing);
    const endedAt = performance.now();
    this.#tally.restartRow();
    while (this.#tally.goodInRow < recoveredRow && performance.now() - endedAt < 30_000) await pause(5);
    const recoveryMs = performance.now() - endedAt;
    isOver = true;
    await Promise.all(running);
    for (const lane of lanes) lane.close();
    const duplicates = [...this.#seen].filter(([id, times]) => times > 1 && /^(post|chunked|grpc)/.test(id)).length;
    return { fault: fault.name, ...this.#tally.take(), duplicates, recoveryMs, before, after: await this.#atRest() };
  }

  async conclude(phases: readonly PhaseResult[], phaseMs: number): Promise<SoakResult> {
    const atRest = await this.#atRest();
    const failures: string[] = this.#proxy.refused.map((problem) => `a configuration was refused: ${problem}`);
    if (this.#proxy.hasDied) failures.push('the proxy died');
    for (const { fault, lost, wrong, duplicates, requests, recoveryMs } of phases) {
      if (lost > 0) failures.push(`${fault}: ${lost} of ${requests} lost`);
      if (wrong > 0) failures.push(`${fault}: ${wrong} wrong`);
      if (duplicates > 0) failures.push(`${fault}: ${duplicates} unsafe requests reached hosts twice`);
      if (requests === 0) failures.push(`${fault}: nothing was asked`);
      if (recoveryMs >= 30_000) failures.push(`${fault}: not recovered in 30 s`);
    }
    if (atRest.activeStreams > 0) failures.push(`${atRest.activeStreams} streams at rest`);
    if (atRest.upstreamRequests > 0) failures.push(`${atRest.upstreamRequests} upstream requests at rest`);
    const [first] = phases;
    if (first && atRest.descriptors > first.after.descriptors + descriptorSlack) failures.push(`${atRest.descriptors} descriptors at rest, ${first.after.descriptors} after the first phase`);
    // The first phases warm code and buffers up; from the middle on it has to be flat.
    const middle = phases[Math.floor(phases.length / 2)]?.after.liveBytes ?? 0;
    if (atRest.liveBytes > middle * 1.1 + liveSlackBytes) failures.push(`${megabytes(atRest.liveBytes)} MB in use at rest, ${megabytes(middle)} MB at half time`);
    const growth = growthsOf(phases, phaseMs);
    if (growth) {
      failures.push(...growthProblem('in use', growth.live, liveGrowthMax), ...growthProblem('private', growth.private, privateGrowthMax));
    }
    return { phases, configurations: this.#version, atRest, growth, failures };
  }

  #context(): LaneContext {
    return {
      port: this.#port,
      random: createSeededRandom(randomInt(this.#random, 2 ** 31)),
      tally: this.#tally,
      seen: this.#seen,
      hasDeaths: () => performance.now() < this.#deathsUntil,
      nextId: (kind) => `${kind}-${(this.#ids += 1)}`,
    };
  }

  /** Something else each time: endpoints, routes, clusters, listeners. */
  async #churn(faulty: { readonly isOver: boolean }): Promise<void> {
    while (!faulty.isOver) {
      this.#version += 1;
      const began = performance.now();
      await this.#proxy.apply(soakBootstrap(this.#version, this.#hosts));
      await pause(Math.max(0, churnMs - (performance.now() - began)));
    }
    await this.#proxy.apply(soakBootstrap(0, this.#hosts));
  }

  /** One host of each kind at a time, so that there is always somebody to ask. */
  async #kill(faulty: { readonly isOver: boolean }): Promise<void> {
    while (!faulty.isOver) {
      const index = randomInt(this.#random, hostsOfEach);
      const dying = [this.#upstreams[index], this.#upstreams[hostsOfEach + index]];
      // What was on its way to one may be heard of a little later.
      this.#deathsUntil = performance.now() + 60_000;
      for (const upstream of dying) upstream?.kill();
      await pause(100 + randomInt(this.#random, 300));
      for (const upstream of dying) await upstream?.revive();
      await pause(100 + randomInt(this.#random, 300));
    }
    this.#deathsUntil = performance.now() + 500;
  }

  /** When connections of clients that have gone are over. */
  async #atRest(): Promise<ProxyNumbers> {
    const begunAt = performance.now();
    for (;;) {
      const numbers = await this.#proxy.numbers();
      if (numbers.activeStreams + numbers.activeConnections + numbers.upstreamRequests === 0 || performance.now() - begunAt > 10_000) return numbers;
      await pause(50);
    }
  }
}

/** Idle connections to hosts stay open in their pools: so many may be there, and were not after the first phase. */
const descriptorSlack = 40;
const liveSlackBytes = 8 * 1024 * 1024;

/**
 * What memory may grow by over the last two thirds of a soak, however long: so much, and such a share of what there is. Measured:
 * a reading of memory in use strays by 3 MB, of private memory by 12 MB, since what malloc and V8 hold in reserve goes up and down.
 */
const liveGrowthMax = { bytes: 4e6, ratio: 0.05 };
const privateGrowthMax = { bytes: 12e6, ratio: 0.05 };

function growthProblem(what: string, { bytes, level }: MemoryGrowth, max: { readonly bytes: number; readonly ratio: number }): string[] {
  const allowed = max.bytes + level * max.ratio;
  return bytes > allowed ? [`${what} memory grew by ${(bytes / 1e6).toFixed(1)} MB over the last two thirds, ${(allowed / 1e6).toFixed(1)} are allowed`] : [];
}

async function runUntil(lane: Lane, restMs: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await lane.run();
    await pause(restMs);
  }
}

function growthsOf(phases: readonly PhaseResult[], phaseMs: number): SoakResult['growth'] {
  const points = (read: (numbers: ProxyNumbers) => number) => phases.map(({ fault, after }, index) => ({ fault, atMs: (index + 1) * phaseMs, bytes: read(after) }));
  const [live, own] = [growthOf(points(({ liveBytes }) => liveBytes)), growthOf(points(({ privateBytes }) => privateBytes))];
  return live && own && { live, private: own };
}

const matrixHead = ['fault'.padEnd(28), 'N'.padStart(8), 'lost'.padStart(6), 'dup'.padStart(5), 'wrong'.padStart(6), 'unsaveable'.padStart(11), 'worst ms'.padStart(9), 'recovery ms'.padStart(12), 'private MB'.padStart(14), 'in use MB'.padStart(12), 'fds'.padStart(10)].join('');

function matrixLine(result: PhaseResult): string {
  const { fault, requests, lost, duplicates, wrong, unsaveable, worstMs, recoveryMs, before, after } = result;
  const numbers: readonly (readonly [string | number, number])[] = [
    [requests, 8], [lost, 6], [duplicates, 5], [wrong, 6], [unsaveable, 11], [worstMs.toFixed(0), 9], [recoveryMs.toFixed(0), 12],
    [`${megabytes(before.privateBytes)}→${megabytes(after.privateBytes)}`, 14], [`${megabytes(before.liveBytes)}→${megabytes(after.liveBytes)}`, 12], [`${before.descriptors}→${after.descriptors}`, 10],
  ];
  return fault.padEnd(28) + numbers.map(([value, width]) => String(value).padStart(width)).join('');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
