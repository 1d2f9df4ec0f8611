import { expect, test } from 'vitest';
import { covers, intersect, isHostname, specificity } from './hostnames.ts';

test.each([
  ['', 'a.example.com', true],
  ['*', '*.example.com', true],
  ['a.example.com', 'a.example.com', true],
  ['a.example.com', 'b.example.com', false],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'a.b.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', '.example.com', false],
  ['*.example.com', '*.b.example.com', true],
  ['*.b.example.com', '*.example.com', false],
  ['*.example.com', 'badexample.com', false],
  ['a.example.com', '*', false],
])('%j covers %j: %s', (outer, inner, expected) => {
  expect(covers(outer, inner)).toBe(expected);
});

test.each([
  ['*', '*', '*'],
  ['', '', '*'],
  ['*.example.com', 'a.example.com', 'a.example.com'],
  ['a.example.com', '*.example.com', 'a.example.com'],
  ['*.a.example.com', '*.example.com', '*.a.example.com'],
  ['*.a.com', '*.b.com', undefined],
])('%j and %j meet in %j', (a, b, expected) => {
  expect(intersect(a, b)).toBe(expected);
});

test('an exact name is nearer than any star, and a longer star than a shorter', () => {
  const names = ['*', '*.example.com', '*.a.example.com', 'b.c'];
  expect(names.toSorted((a, b) => specificity(b) - specificity(a))).toEqual(['b.c', '*.a.example.com', '*.example.com', '*']);
});

test.each(['a', 'a-b.example.com', '*.example.com'])('%j is a hostname', (name) => expect(isHostname(name)).toBe(true));
test.each(['', '*', 'a.*.com', '-a.com', 'a..com', 'A.com', '10.0.0.1:80', 'a b'])('%j is none', (name) => expect(isHostname(name)).toBe(false));
