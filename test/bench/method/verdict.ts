/** The last table: each line of work with what it must reach, what is aimed at, and what it has reached. */
import { median, renderCells } from './report.ts';

export interface Verdict {
  readonly work: string;
  /** `×`: how often the peer's figure; `MiB`: memory by itself. */
  readonly unit: '×' | 'MiB';
  readonly peer: string;
  /** Most that ours may be, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
  /** Ours, of each round, paired with the peer's where there is one. Empty: no shot was good. */
  readonly figures: readonly number[];
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const head = ['work', 'must', 'aim', 'ours', 'spread', 'rounds', ''];
  return renderCells(
    head,
    verdicts.map(({ work, unit, peer, must, aim, figures }) => {
      const show = (figure: number) => (unit === '×' ? figure.toFixed(2) : figure.toFixed(1));
      const limit = (most: number) => `≤ ${Number(most.toFixed(2))} ${unit === '×' ? `× ${peer}` : unit}`;
      const spread = figures.length === 0 ? '-' : `${show(Math.min(...figures))} – ${show(Math.max(...figures))}`;
      return [work, limit(must), limit(aim), figures.length === 0 ? '-' : show(median(figures)), spread, String(figures.length), judge({ must, aim, figures })];
    }),
  );
}

/** By the median over the rounds. */
export function judge({ must, aim, figures }: Pick<Verdict, 'must' | 'aim' | 'figures'>): 'at the aim' | 'met' | 'not met' | 'not measured' {
  if (figures.length === 0) return 'not measured';
  const ours = median(figures);
  if (ours <= aim) return 'at the aim';
  return ours <= must ? 'met' : 'not met';
}
