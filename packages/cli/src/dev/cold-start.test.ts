import { expect, test } from 'vitest';
import { ColdStartJoin } from './cold-start.ts';

const facts = { revision: 'default/hello-00001', arrivedAtMs: 1000, forwardedAtMs: 1150, firstByteAtMs: 1158 };

test('the phases add up to the total', () => {
  const join = new ColdStartJoin();
  join.decided(facts.revision, 1004);
  join.pod(facts.revision, 'created', 1010);
  join.pod(facts.revision, 'started', 1013);
  join.pod(facts.revision, 'ready', 1149);
  const { totalMs, phases } = join.answered(facts);
  expect(phases).toEqual([
    { name: 'decide', ms: 4 },
    { name: 'create', ms: 6 },
    { name: 'start', ms: 3 },
    { name: 'ready', ms: 137 },
    { name: 'first byte', ms: 8 },
  ]);
  expect(phases.reduce((sum, { ms }) => sum + ms, 0)).toBe(totalMs);
});

test('of several pods the first to get there counts, and a new waking starts afresh', () => {
  const join = new ColdStartJoin();
  join.decided(facts.revision, 1);
  join.pod(facts.revision, 'created', 5);
  join.decided(facts.revision, 1004);
  join.pod(facts.revision, 'created', 1010);
  join.pod(facts.revision, 'created', 1100);
  expect(join.answered(facts).phases.find(({ name }) => name === 'create')).toEqual({ name: 'create', ms: 6 });
});

test('a moment nobody reported is folded into the next phase', () => {
  const { totalMs, phases } = new ColdStartJoin().answered(facts);
  expect(phases.map(({ name }) => name)).toEqual(['ready', 'first byte']);
  expect(phases.reduce((sum, { ms }) => sum + ms, 0)).toBe(totalMs);
});
