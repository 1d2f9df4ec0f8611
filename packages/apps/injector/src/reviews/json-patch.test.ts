import { applyJsonPatchForTest as apply } from './testing/apply-json-patch.ts';
import { anything, assert, dictionary, jsonValue, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchBetween } from './json-patch.ts';

describe('the patch between two documents', () => {
  test('makes the one the other, whatever they are', () => {
    const document = dictionary(string(), jsonValue());
    assert(
      property(document, document, (before, after) => {
        const [one, other] = [JSON.parse(JSON.stringify(before)) as object, JSON.parse(JSON.stringify(after)) as object];
        expect(apply(one, patchBetween(one, other))).toEqual(other);
        expect(patchBetween(one, one)).toEqual([]);
      }),
    );
  });

  test('never throws', () => {
    assert(property(anything(), anything(), (before, after) => Array.isArray(patchBetween(before, after))));
  });

  test('adds to a list what was put first, and leaves the rest alone', () => {
    const before = { spec: { containers: [{ name: 'a' }, { name: 'b' }] } };
    const after = { metadata: { annotations: { 'x/y': '1' } }, spec: { containers: [{ name: 'p' }, { name: 'a', probe: 1 }, { name: 'b' }] } };
    expect(patchBetween(before, after)).toEqual([
      { op: 'add', path: '/metadata', value: { annotations: { 'x/y': '1' } } },
      { op: 'add', path: '/spec/containers/0', value: { name: 'p' } },
      { op: 'add', path: '/spec/containers/1/probe', value: 1 },
    ]);
    expect(patchBetween({ a: { 'x/y~': 1 } }, { a: {} })).toEqual([{ op: 'remove', path: '/a/x~1y~0' }]);
  });
});
