import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { RequestIds } from './request-id.ts';

test('identifiers are version 4 UUIDs, each another', () => {
  const ids = new RequestIds(createSeededRandom(1));
  const seen = new Set(Array.from({ length: 1000 }, () => ids.nextLine().bytes.toString('latin1')));
  expect(seen.size).toBe(1000);
  for (const line of seen) expect(line).toMatch(/^x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\r\n$/);
});
