import { describe, expect, it } from 'vitest';
import { compareJson } from './replay/compare.ts';
import { readDifferences } from './replay/differences.ts';
import { replayAll } from './replay/replay-all.ts';

/** Of 1 433 recorded exchanges. */
const SAME_MIN = 990;

describe('recorded conversations with a Kubernetes 1.32 server, played to the embedded one', () => {
  it('are answered alike, apart from the differences that are listed with their reasons', async () => {
    const known = readDifferences();
    const unlisted: string[] = [];
    const compared = { same: 0, different: 0 };
    for (const outcomes of (await replayAll()).values()) {
      for (const outcome of outcomes) {
        if (outcome.kind !== 'compared') continue;
        compared[outcome.differences.length === 0 ? 'same' : 'different'] += 1;
        unlisted.push(...outcome.differences.filter((one) => !known.has(outcome.id, one)).map((one) => `${outcome.id}: ${one}`));
      }
    }
    expect(unlisted).toEqual([]);
    expect({ listedButGone: known.unseen, withoutReason: known.withoutReason }).toEqual({ listedButGone: [], withoutReason: [] });
    // What is compared must not shrink unnoticed.
    expect(compared.same).toBeGreaterThanOrEqual(SAME_MIN);
  });

  it('would show a difference in a value, a field too few and a field too many', () => {
    expect(compareJson({ a: 1, b: { c: 'x' } }, { a: 2, b: {}, d: true })).toEqual(['a: found 2, expected 1', 'b.c: missing "x"', 'd: unexpected true']);
  });
});
