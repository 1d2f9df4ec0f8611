import { expect, test } from 'vitest';
import { putSessionFirst, sessionPrecedence } from './precedence.ts';

test('a session goes before others as long as it is wanted, where it may', (context) => {
  const before = sessionPrecedence();
  if (before === undefined || process.getuid?.() !== 0) return context.skip('sessions have no precedence here, or it is root who may change it');
  {
    using _ = putSessionFirst();
    expect(sessionPrecedence()).toBe(-20);
  }
  expect(sessionPrecedence()).toBe(before);
});
