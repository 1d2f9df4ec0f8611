import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, isSameContent } from './safe-name.ts';

test('the order of keys does not count, nor does what is absent or null', () => {
  expect(isSameContent({ a: 1, b: [{ c: null }] }, { b: [{}], a: 1, d: undefined })).toBe(true);
  expect(isSameContent({ a: 1 }, { a: 1, b: 0 })).toBe(false);
  expect(isSameContent({ a: [] }, { a: {} })).toBe(false);
  expect(isSameContent([1, 2], [2, 1])).toBe(false);
});

test('it says of any two values what their canonical texts say', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  // Most drawn pairs differ at once, so one is also compared with itself, changed in one place.
  fc.assert(
    fc.property(value, value, fc.string(), (a, b, key) => {
      const changed = typeof a === 'object' && a !== null && !Array.isArray(a) ? { [key]: b, ...a } : [a, b];
      for (const other of [b, changed, structuredClone(a)]) expect(isSameContent(a, other)).toBe(canonical(a) === canonical(other));
    }),
  );
});
