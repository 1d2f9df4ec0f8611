/** The parts of the table: each measures one or a few of its lines by itself, so that a run can be ended between two and taken up again. */
import { measure as measureHttp2 } from '../http2/bench.ts';
import { works as http2Works } from '../http2/works.ts';
import { measureLatency } from '../latency/bench.ts';
import { measureMemory } from '../memory/bench.ts';
import type { Machine } from '../method/machine.ts';
import type { Verdict } from '../method/verdict.ts';
import { measure as measureProxy } from '../proxy/bench.ts';
import { works as proxyWorks } from '../proxy/works.ts';
import { measureStarts } from '../start/bench.ts';

export interface PartOptions {
  readonly rounds: number;
  /** Of a shot. */
  readonly seconds: number;
  /** First of some twenty ports. */
  readonly port: number;
  readonly print: (line: string) => void;
}

/** What was measured holds all shots as they were. */
export type PartResult = { readonly kind: 'measured'; readonly machine: Machine; readonly verdicts: readonly Verdict[] } | { readonly kind: 'skipped'; readonly reason: string };

export interface Part {
  readonly name: string;
  /** Roughly, in seconds. */
  estimate(options: Pick<PartOptions, 'rounds' | 'seconds'>): number;
  measure(options: PartOptions): Promise<PartResult>;
}

/** Idle connections; as many as the line asks for. */
const idleConnections = 10_000;

/** Warm-up shots and starting come on top of the rounds. */
const pairOfTargets = (rounds: number, seconds: number) => 5 + 2 * (rounds + 3) * (seconds + 0.3);

/** In the order of the table. Only ours and the peer of each line are measured; the single benchmarks have the others. */
export const parts: readonly Part[] = [
  ...proxyWorks.map(
    (work): Part => ({
      name: `proxy-${work.name}`,
      estimate: ({ rounds, seconds }) => pairOfTargets(rounds, seconds),
      measure: (options) => measureProxy({ ...options, works: [work.name], only: work.targets.filter((target) => target.startsWith('sluice')), json: '' }),
    }),
  ),
  ...http2Works.map(
    (work): Part => ({
      name: `http2-${work.name}`,
      estimate: ({ rounds, seconds }) => pairOfTargets(rounds, seconds),
      measure: (options) => measureHttp2({ ...options, works: [work.name], only: ['sluice'], json: '' }),
    }),
  ),
  {
    name: 'latency',
    estimate: ({ rounds, seconds }) => 5 + 12 * seconds + rounds * 4 * (3 * seconds + 1),
    measure: ({ seconds, ...options }) => measureLatency({ ...options, seconds: 2 * seconds, json: '' }),
  },
  {
    name: 'memory',
    estimate: ({ rounds }) => 5 + memoryRounds(rounds) * 2 * 17,
    measure: ({ rounds, ...options }) => measureMemory({ ...options, rounds: memoryRounds(rounds), connections: idleConnections, json: '' }),
  },
  {
    name: 'start',
    estimate: ({ rounds }) => 5 + 3 * rounds,
    measure: async ({ rounds, ...options }) => ({ kind: 'measured', ...(await measureStarts({ ...options, rounds: 3 * rounds, json: '' })) }),
  },
];

/** Memory strays little from run to run. */
function memoryRounds(rounds: number): number {
  return Math.min(rounds, 2);
}
