/**
 * `pnpm sim --seed 42`: one run, or several, with what happened in them.
 *
 *     --seed N     the first seed (default 1)
 *     --seeds N    so many seeds, one after the other (default 1)
 *     --verbose    every line of the journal, and the scenario before it
 */
import { parseArgs } from 'node:util';
import { formatFailure } from './report.ts';
import { runSeed } from './run.ts';
import { describeScenario, drawScenario } from './scenario/scenario.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});

const print = (line: string) => void process.stdout.write(`${line}\n`);
const first = Number(values.seed);
let failures = 0;

for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  if (values.verbose) for (const line of describeScenario(drawScenario(seed))) print(line);
  const startedAt = performance.now();
  const report = await runSeed(seed, values.verbose ? { print } : {});
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2);
  const { requests, virtualMs, digest, lineCount } = report;
  print(
    `seed ${seed}: ${report.violations.length === 0 ? 'ok' : 'FAILED'}, ${requests} requests, ` +
      `${(virtualMs / 1000).toFixed(0)} virtual s in ${seconds} s, journal ${digest} (${lineCount} lines)`,
  );
  if (report.violations.length === 0) continue;
  failures += 1;
  print(formatFailure(report));
}

process.exitCode = failures === 0 ? 0 : 1;
