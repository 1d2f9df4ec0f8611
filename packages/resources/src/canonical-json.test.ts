import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, versionOf } from './canonical-json.ts';

test('the order of keys does not matter, the order of lists does', () => {
  expect(canonicalJson({ b: 1, a: [2, { d: 3, c: null }] })).toBe('{"a":[2,{"c":null,"d":3}],"b":1}');
  expect(versionOf({ a: 1, b: 2 })).toBe(versionOf({ b: 2, a: 1 }));
  expect(versionOf([1, 2])).not.toBe(versionOf([2, 1]));
});

test('it is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
