import { expect, test } from 'vitest';
import { compileSampler } from './sampler.ts';

/** The first eight bytes, the lowest first, are 1. */
const one = `0100000000000000${'0'.repeat(16)}`;
/** 2^64 - 1, which leaves 551615 of a million. */
const most = `ffffffffffffffff${'0'.repeat(16)}`;

test.each([
  ['1 of a million leaves out 1', 0.000001, one, false],
  ['2 of a million take 1', 0.000002, one, true],
  ['the largest number is taken modulo a million', 0.551616, most, true],
  ['and left out below', 0.551615, most, false],
  ['nothing', 0, one, false],
  ['everything', 1, most, true],
])('%s', (_title, ratio, traceId, isKept) => {
  expect(compileSampler({ kind: 'trace-id-ratio', ratio })(undefined, traceId)).toBe(isKept);
});

test('a parent decides before the root', () => {
  const sampler = compileSampler({ kind: 'parent-based', root: { kind: 'always' } });
  expect([sampler(true, one), sampler(false, one), sampler(undefined, one)]).toEqual([true, false, true]);
});

test('always is always', () => {
  expect(compileSampler({ kind: 'always' })(false, one)).toBe(true);
});
