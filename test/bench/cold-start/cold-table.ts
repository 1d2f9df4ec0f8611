/** Cold starts as a table: what is added by listening time, and where the time went. */
import { median, renderCells } from '../method/report.ts';
import type { StartedByHand } from './program.ts';

/** What must be reached, of added milliseconds. */
export const goals = { p50Ms: 30, p99Ms: 80 };

export interface ColdShot {
  readonly listenAfterMs: number;
  /** From the request to the end of its answer. */
  readonly totalMs: number;
  /** By name, in order. The first three and the fourth tell of the same time: the one as the floor knows it, the other as the program does. */
  readonly phases: ReadonlyMap<string, number>;
}

export function render({ shots, byHand }: { readonly shots: readonly ColdShot[]; readonly byHand: ReadonlyMap<number, readonly StartedByHand[]> }): string {
  const times = [...byHand.keys()];
  const added = new Map(times.map((afterMs) => [afterMs, addedMs(shots.filter((shot) => shot.listenAfterMs === afterMs), byHand.get(afterMs) ?? [])]));
  const all = [...added.values()].flat();
  const columns = [...times.map((afterMs) => (shot: ColdShot) => shot.listenAfterMs === afterMs), () => true];
  const phases = [...new Set(shots.flatMap((shot) => [...shot.phases.keys()]))];
  const handPhases = [...new Set([...byHand.values()].flat().flatMap((started) => [...started.phases.keys()]))];
  const handRow = (name: string, read: (started: StartedByHand) => number | undefined) => [name, ...[...times.map((afterMs) => byHand.get(afterMs) ?? []), [...byHand.values()].flat()].map((started) => figures(started.flatMap((one) => read(one) ?? [])))];
  const row = (name: string, read: (shot: ColdShot) => number | undefined) => [name, ...columns.map((isIn) => figures(shots.filter(isIn).flatMap((shot) => read(shot) ?? [])))];
  const isReached = quantile(all, 0.5) <= goals.p50Ms && quantile(all, 0.99) <= goals.p99Ms;
  return [
    renderCells(
      ['ms p50 / p99 / max', ...times.map((afterMs) => `t = ${afterMs} ms`), 'all'],
      [
        handRow('started by hand, to its answer', ({ totalMs }) => totalMs),
        ...handPhases.map((phase) => handRow(`  ${phase}`, (started) => started.phases.get(phase))),
        row('asleep, request to answer', ({ totalMs }) => totalMs),
        ['**added**', ...[...added.values(), all].map(figures)],
        ...phases.map((phase) => row(`  ${phase}`, (shot) => shot.phases.get(phase))),
      ],
    ),
    `goal: added p50 ≤ ${goals.p50Ms} ms, p99 ≤ ${goals.p99Ms} ms: ${isReached ? 'reached' : 'not reached'} (${quantile(all, 0.5).toFixed(1)} / ${quantile(all, 0.99).toFixed(1)} ms, ${all.length} cold starts)`,
  ].join('\n');
}

/** Each shot less what the program takes by itself, in the middle: single starts by hand stray too, and are no part of what is added. */
function addedMs(shots: readonly ColdShot[], byHand: readonly StartedByHand[]): number[] {
  const aloneMs = median(byHand.map(({ totalMs }) => totalMs));
  return shots.map(({ totalMs }) => totalMs - aloneMs);
}

function figures(values: readonly number[]): string {
  return [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(1)).join(' / ');
}

/** By rank: the smallest value that is not less than `share` of all. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
