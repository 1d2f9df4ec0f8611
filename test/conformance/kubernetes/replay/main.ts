/**
 * Prints what the replay finds: how many exchanges are the same, and every difference that `differences.yaml` does not know, in the
 * form in which it is written there.
 *
 *     node test/conformance/kubernetes/replay/main.ts
 */
import { readDifferences } from './differences.ts';
import { replayAll } from './replay-all.ts';

const known = readDifferences();
const counts = { same: 0, different: 0, 'not-offered': 0, 'not-recorded': 0 };
const offeredNot = new Map<string, number>();
for (const outcomes of (await replayAll()).values()) {
  for (const outcome of outcomes) {
    if (outcome.kind !== 'compared') {
      counts[outcome.kind] += 1;
      if (outcome.kind === 'not-offered') offeredNot.set(outcome.what, (offeredNot.get(outcome.what) ?? 0) + 1);
      continue;
    }
    counts[outcome.differences.length === 0 ? 'same' : 'different'] += 1;
    for (const difference of outcome.differences) {
      if (!known.has(outcome.id, difference)) process.stdout.write(`    - ${JSON.stringify(`${outcome.id}: ${difference}`)}\n`);
    }
  }
}
for (const gone of known.unseen) process.stdout.write(`gone: ${gone}\n`);
process.stdout.write(`not offered: ${[...offeredNot].map(([what, count]) => `${what} (${count})`).join(', ')}\n`);
process.stdout.write(`${JSON.stringify(counts)}\n`);
