import { describe, expect, test } from 'vitest';
import { assert, jsonValue, property } from 'fast-check';
import { canonicalJson, childName, contentHash, generatedRevisionName, isSameContent } from './names.ts';

describe('childName', () => {
  test('puts the two together where they fit', () => {
    expect(childName('hello', '-deployment')).toBe('hello-deployment');
    expect(generatedRevisionName('hello', 7)).toBe('hello-00007');
    expect(generatedRevisionName('hello', 123456)).toBe('hello-123456');
  });

  test('keeps 63 characters, and puts a hash in the place of the rest of a long parent', () => {
    const name = childName('a'.repeat(60), '-deployment');
    expect(name).toMatch(/^a{20}[0-9a-f]{32}-deployment$/);
    expect(name).toHaveLength(63);
  });

  test('gives different long parents different names, and the same one always the same', () => {
    const one = childName(`${'a'.repeat(60)}1`, '-deployment');
    expect(childName(`${'a'.repeat(60)}2`, '-deployment')).not.toBe(one);
    expect(childName(`${'a'.repeat(60)}1`, '-deployment')).toBe(one);
  });

  test('hashes both where the suffix is long too', () => {
    const name = childName('a'.repeat(50), `-${'b'.repeat(40)}`);
    expect(name).toMatch(/^a{31}[0-9a-f]{32}$/);
  });
});

test('content is the same whatever the order of its keys, and undefined members do not count', () => {
  expect(isSameContent({ a: 1, b: [{ c: 2, d: undefined }] }, { b: [{ c: 2 }], a: 1 })).toBe(true);
  expect(isSameContent({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(contentHash({ a: 1, b: 2 })).toBe(contentHash({ b: 2, a: 1 }));
  expect(contentHash({ a: 1 })).not.toBe(contentHash({ a: 2 }));
});

test('two values are the same content exactly when they are the same as canonical JSON', () => {
  const value = jsonValue({ maxDepth: 3 });
  assert(
    property(value, value, (a, b) => {
      expect(isSameContent(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
      expect(isSameContent(a, structuredClone(a))).toBe(true);
      expect(isSameContent({ kept: a, gone: undefined }, { kept: a })).toBe(true);
    }),
  );
});
