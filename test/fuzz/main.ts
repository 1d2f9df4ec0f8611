/**
 * `pnpm fuzz TARGET`: tries messages until the time is over or something is wrong.
 *
 *     --seconds N   how long (default 10)
 *     --seed N      where chance begins (default: drawn, and printed)
 *
 * What fails is made small, printed, and written to `test/fuzz/findings/`; then the exit code is 1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createSeededRandom } from '@sluice/kernel';
import type { FuzzCase, FuzzRun } from './fuzz-target.ts';
import { minimise } from './minimise.ts';
import { escape } from './read-corpus.ts';
import { targets } from './targets.ts';

/** Messages between two looks at the clock. */
const batch = 200;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' } } });
const target = targets.find(({ name }) => name === positionals[0]);
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!target || !(seconds > 0) || !Number.isInteger(seed)) {
  process.stderr.write(`usage: fuzz TARGET [--seconds N] [--seed N]\n${targets.map(({ name, help }) => `  ${name}: ${help}\n`).join('')}`);
  process.exit(2);
}

const run = await target.start();
const random = createSeededRandom(seed);
const startedAt = performance.now();
let tried = 0;
let accepted = 0;
let failed: FuzzCase | undefined;
while (!failed && performance.now() - startedAt < seconds * 1000) {
  for (let count = 0; count < batch && !failed; count += 1) {
    const one = run.next(random);
    tried += 1;
    if (one.isAccepted) accepted += 1;
    if (one.finding !== undefined) failed = one;
  }
}
const took = ((performance.now() - startedAt) / 1000).toFixed(1);
process.stdout.write(`${target.name}: seed ${seed}, ${tried} messages in ${took} s, ${accepted} accepted, ${failed ? 'FAILED' : 'nothing found'}\n`);
if (failed) {
  show(failed, run);
  process.exitCode = 1;
}

function show(found: FuzzCase, { judge }: FuzzRun): void {
  const { kind, finding = '' } = found;
  // The same thing wrong, whatever bytes the words quote.
  const sort = (words: string | undefined) => words?.replace(/".*/s, '');
  const bytes = minimise(found.bytes, (candidate) => sort(judge({ kind, bytes: candidate })) === sort(finding));
  const text = `# ${kind}: ${judge({ kind, bytes }) ?? finding} (seed ${seed})\n${escape(bytes)}`;
  const folder = fileURLToPath(new URL('findings', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${target?.name}-${kind.replaceAll(' ', '-')}-${seed}.txt`;
  writeFileSync(file, text);
  process.stdout.write(`${text}kept in ${file}\n`);
}
