import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fingerprint } from './fingerprint.ts';

function of(texts: readonly string[]): string {
  const fingerprint = new Fingerprint();
  for (const text of texts) fingerprint.add(text);
  return fingerprint.toString();
}

test('different sets differ, the empty one has its own', () => {
  expect(of(['a'])).not.toBe(of(['b']));
  expect(of(['a', 'b'])).not.toBe(of(['ab']));
  expect(of([])).toBe('0000000000000000');
});

test('neither order nor history matter', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 20 }), fc.array(fc.string(), { maxLength: 20 }), (stay, come) => {
      const fingerprint = new Fingerprint();
      for (const text of come) fingerprint.add(text);
      for (const text of stay.toReversed()) fingerprint.add(text);
      for (const text of come) fingerprint.remove(text);
      expect(fingerprint.toString()).toBe(of(stay));
    }),
  );
});
