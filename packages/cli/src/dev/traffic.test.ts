import { expect, test } from 'vitest';
import { describeTraffic } from './traffic.ts';

test('one revision that gets everything is its name', () => {
  expect(describeTraffic([{ revisionName: 'a-1', latestRevision: true, percent: 100 }])).toBe('a-1');
});

test('a split says each share; what gets nothing is left out', () => {
  const targets = [{ revisionName: 'a-1', percent: 90 }, { revisionName: 'a-2', percent: 10 }, { revisionName: 'a-3', percent: 0 }];
  expect(describeTraffic(targets)).toBe('a-1 90 % · a-2 10 %');
});

test('targets of one revision are one share', () => {
  expect(describeTraffic([{ revisionName: 'a-1', percent: 60 }, { revisionName: 'a-1', latestRevision: true, percent: 40 }])).toBe('a-1');
});

test('a tag is said with its revision and URL, also when it gets no share', () => {
  const targets = [{ revisionName: 'a-1', percent: 100 }, { revisionName: 'a-2', percent: 0, tag: 'next', url: 'http://next-a' }];
  expect(describeTraffic(targets)).toBe('a-1; next: a-2 at http://next-a');
});
