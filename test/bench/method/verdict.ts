/** The last table: each work with what it must reach and what it has reached. */
import { renderCells } from './report.ts';

export interface Verdict {
  readonly work: string;
  readonly peer: string;
  readonly must: number;
  readonly aim: number;
  /** Median over the rounds, and all of them. */
  readonly ratio: number;
  readonly ratios: readonly number[];
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const head = ['work', 'peer', 'must', 'aim', 'ratio', 'spread', ''];
  return renderCells(
    head,
    verdicts.map(({ work, peer, must, aim, ratio, ratios }) => [
      work,
      peer,
      `≤ ${must}`,
      String(aim),
      ratio.toFixed(2),
      `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`,
      ratio <= aim ? 'at the aim' : ratio <= must ? 'met' : 'not met',
    ]),
  );
}
