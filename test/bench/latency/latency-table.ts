/** Latencies into a table: medians over the rounds, and ratios to nginx paired by round. */
import { median, renderCells, summarise } from '../method/report.ts';
import type { Shot } from '../method/shot.ts';
import type { Verdict } from '../method/verdict.ts';
import type { GeneratedLoad } from './generated-load.ts';

/** Of the slower target's capacity. */
export const shares: readonly number[] = [0.5, 0.8];

/** What our 99th percentile may be, of nginx's in the same round, and what is aimed at. */
const latencyMust = 2;
const latencyAim = 2;

export interface LatencyShot extends GeneratedLoad {
  readonly target: string;
  readonly round: number;
  readonly share: number;
  /** Requests per second. */
  readonly rate: number;
  /** Of its time, how much other machines of the host had of one of our cores. */
  readonly stolenRatio: number;
  /** Of its time, how much others on this machine had of the target's core. */
  readonly othersRatio: number;
  /** Why it does not count; undefined when it does. */
  readonly voided: string | undefined;
}

/** Share of the requests that the generator may have sent late. Chosen: so many gaps do not yet make another load of it. */
const lateRatioMax = 0.2;

/** How long 99 % of the answers may have lain unread, in ms: what makes latencies of its own must not be a part of the percentile that counts. */
const unreadMaxMs = 0.1;

/** Beyond that, of the percentile that counts. */
const unreadRatioMax = 0.1;

/** Half of the requests that the percentile leaves out. */
const stolenRatioMax = 0.005;

/** Who else has the core when a request comes keeps it for up to 4 ms, whatever its precedence. Chosen: where nobody else measures or builds, it was 7 to 12 % at most, for both targets alike. */
const othersRatioMax = 0.15;

export function othersProblem(othersRatio: number): string | undefined {
  return othersRatio > othersRatioMax ? `others had ${(othersRatio * 100).toFixed(0)} % of its core` : undefined;
}

export function stolenProblem(stolenRatio: number): string | undefined {
  return stolenRatio > stolenRatioMax ? `the host gave ${(stolenRatio * 100).toFixed(1)} % of a core to others` : undefined;
}

/** Why a load that was generated says nothing about its target; undefined when it does. */
export function latenessProblem({ p99Ms, lateRatio, unreadP99Ms, lost }: Pick<GeneratedLoad, 'p99Ms' | 'lateRatio' | 'unreadP99Ms' | 'lost'>): string | undefined {
  if (lost > 0) return `${lost} lost`;
  if (lateRatio > lateRatioMax) return `the generator was late itself with ${(lateRatio * 100).toFixed(0)} % of the requests`;
  if (unreadP99Ms > Math.max(unreadMaxMs, unreadRatioMax * p99Ms)) return `the generator may have read late: by up to ${unreadP99Ms.toFixed(2)} ms in 99 % of the answers`;
  return undefined;
}

export interface LatencyRatios {
  readonly share: number;
  readonly rate: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/** Of our 99th percentiles to nginx's, by rate; a pair with a void shot does not count. */
export function latencyRatios(shots: readonly LatencyShot[], target = 'sluice'): LatencyRatios[] {
  return shares.map((share) => {
    const valid = shots.filter((shot) => shot.share === share && shot.voided === undefined);
    const peers = new Map(valid.filter((shot) => shot.target === 'nginx').map(({ round, p99Ms }) => [round, p99Ms]));
    const ratios = valid
      .filter((shot) => shot.target === target)
      .flatMap(({ round, p99Ms }) => {
        const peer = peers.get(round);
        return peer === undefined ? [] : [p99Ms / peer];
      })
      .sort((a, b) => a - b);
    return { share, rate: Math.round(median(shots.filter((shot) => shot.share === share).map(({ rate }) => rate))), ratio: median(ratios), ratios };
  });
}

export function latencyVerdicts(shots: readonly LatencyShot[]): Verdict[] {
  return latencyRatios(shots).map(({ share, rate, ratios }) => ({ work: `p99 at ${share * 100} % of the slower one's capacity, ${rate}/s`, unit: '×', peer: 'nginx', must: latencyMust, aim: latencyAim, figures: ratios }));
}

/** Of the slower one; the best shot of each counts: whatever disturbs one makes it less. */
export function slowestCapacity(shots: readonly Shot[]): number {
  const best = new Map<string, number>();
  for (const { target, requestsPerSecond } of shots) best.set(target, Math.max(requestsPerSecond, best.get(target) ?? 0));
  return Math.min(...best.values());
}

export function renderShot({ round, target, rate, p50Ms, p99Ms, p999Ms, lateRatio, unreadP99Ms, stolenRatio, othersRatio, voided }: LatencyShot): string {
  const times = `p50 ${p50Ms.toFixed(2)}  p99 ${p99Ms.toFixed(2)}  p99.9 ${p999Ms.toFixed(2)} ms; generator late with ${(lateRatio * 100).toFixed(1)} %, reading by ${unreadP99Ms.toFixed(2)} at most; host took ${(stolenRatio * 100).toFixed(1)} %, others ${(othersRatio * 100).toFixed(1)} %`;
  return `round ${round}  ${target.padEnd(8)} ${String(rate).padStart(6)}/s  ${times}${voided === undefined ? '' : `  void: ${voided}`}`;
}

export function renderCapacities(shots: readonly Shot[]): string {
  return renderCells(
    ['capacity', 'requests/s', 'CPU µs/request', 'busy'],
    summarise(shots, 'nginx').map(({ target, requestsPerSecond, cpuUs, busyRatio }) => [target, requestsPerSecond.toFixed(0), cpuUs.median.toFixed(1), busyRatio.toFixed(2)]),
  );
}

export function renderLatencies(shots: readonly LatencyShot[]): string {
  const lines: string[][] = [];
  for (const share of shares) {
    for (const target of ['nginx', 'sluice']) {
      const own = shots.filter((shot) => shot.share === share && shot.target === target);
      const valid = own.filter(({ voided }) => voided === undefined);
      const ms = (read: (shot: LatencyShot) => number) => median(valid.map(read)).toFixed(2);
      const { ratio, ratios, rate } = latencyRatios(shots, target).find((entry) => entry.share === share) as LatencyRatios;
      lines.push([
        `${share * 100} % (${rate}/s)`,
        target,
        ms(({ p50Ms }) => p50Ms),
        ms(({ p99Ms }) => p99Ms),
        ms(({ p999Ms }) => p999Ms),
        ratios.length === 0 ? '-' : `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)})`,
        target === 'nginx' ? '' : `≤ ${latencyMust}`,
        (median(valid.map(({ lateRatio }) => lateRatio)) * 100).toFixed(1),
        ms(({ unreadP99Ms }) => unreadP99Ms),
        String(own.length - valid.length),
      ]);
    }
  }
  return renderCells(['rate', 'proxy', 'p50 ms', 'p99 ms', 'p99.9 ms', 'p99 × nginx', 'must', 'sent late, %', 'unread, p99 ms, at most', 'void'], lines);
}
