/** What a failed run tells: enough to see what went wrong, and how to see it again. */
import type { Violation } from './invariants/invariant.ts';

export interface RunReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** How many requests clients sent. */
  readonly requests: number;
  /** How long the run was on its own clock. */
  readonly virtualMs: number;
  /** Of the whole journal: equal for two runs of one seed. */
  readonly digest: string;
  readonly lineCount: number;
  /** The journal's end. */
  readonly lastLines: readonly string[];
}

/** The violations shown; the first is usually the cause of the rest. */
const violationsShownMax = 10;

export function formatFailure({ seed, violations, lastLines }: RunReport): string {
  const lines = violations
    .slice(0, violationsShownMax)
    .map(({ invariant, at, message }) => `  ${(at / 1000).toFixed(6)} violated: ${invariant}\n    ${message}`);
  const rest = violations.length - violationsShownMax;
  if (rest > 0) lines.push(`  and ${rest} more`);
  return [
    `seed ${seed} failed`,
    ...lines,
    '  the last events:',
    ...lastLines.slice(-40).map((line) => `  ${line}`),
    `  replay: npx -y pnpm@12 sim --seed ${seed} --verbose`,
  ].join('\n');
}
