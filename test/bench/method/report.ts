/** Shots into a table: medians, spread, and ratios paired by round, since machines are noisier than proxies differ. */
import type { Shot } from './shot.ts';

export interface Row {
  readonly target: string;
  readonly cpuUs: { readonly min: number; readonly median: number; readonly max: number };
  /** Median over the rounds of this target's cost by the peer's in the same round. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly busyRatio: number;
  readonly memoryMiB: number;
  readonly voided: number;
}

export function summarise(shots: readonly Shot[], peer: string): Row[] {
  const targets = [...new Set(shots.map((shot) => shot.target))];
  const peerByRound = new Map(shots.filter((shot) => shot.target === peer && !shot.voided).map((shot) => [shot.round, shot.cpuUs]));
  return targets.map((target) => {
    const own = shots.filter((shot) => shot.target === target);
    const valid = own.filter((shot) => !shot.voided);
    const costs = valid.map((shot) => shot.cpuUs);
    const ratios = valid.flatMap((shot) => {
      const cost = peerByRound.get(shot.round);
      return cost === undefined ? [] : [shot.cpuUs / cost];
    });
    return {
      target,
      cpuUs: { min: Math.min(...costs), median: median(costs), max: Math.max(...costs) },
      ratio: median(ratios),
      ratios: ratios.sort((a, b) => a - b),
      requestsPerSecond: median(valid.map((shot) => shot.requestsPerSecond)),
      p50Ms: median(valid.map((shot) => shot.p50Ms)),
      p99Ms: median(valid.map((shot) => shot.p99Ms)),
      busyRatio: median(valid.map((shot) => shot.busyRatio)),
      memoryMiB: median(valid.map((shot) => shot.memoryKiB)) / 1024,
      voided: own.length - valid.length,
    };
  });
}

/** The middle one, or the mean of the middle two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function renderTable(rows: readonly Row[], peer: string): string {
  const head = ['proxy', 'CPU µs/request min / median / max', `× ${peer}`, 'paired ratios', 'requests/s', 'p50 ms', 'p99 ms', 'busy', 'private MiB'];
  const lines = rows.map((row) => [
    row.target,
    `${row.cpuUs.min.toFixed(1)} / ${row.cpuUs.median.toFixed(1)} / ${row.cpuUs.max.toFixed(1)}`,
    row.ratio.toFixed(2),
    row.ratios.map((ratio) => ratio.toFixed(2)).join(' '),
    row.requestsPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.busyRatio.toFixed(2),
    row.memoryMiB.toFixed(0) + (row.voided > 0 ? `  (${row.voided} void)` : ''),
  ]);
  return renderCells(head, lines);
}

/** A table in Markdown that also reads well as it is. */
export function renderCells(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)));
  const format = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n');
}
