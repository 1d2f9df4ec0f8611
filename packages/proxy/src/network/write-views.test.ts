import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { WriteViews } from './write-views.ts';

test('the same length of the same memory is the same view, also after another length in its place', () => {
  const views = new WriteViews();
  const memory = Buffer.alloc(2048, 'a');
  // Memory that is seen once is not worth the room.
  views.of(memory, 0, 100);
  const first = views.of(memory, 0, 100);
  expect(views.of(memory, 0, 100)).toBe(first);
  expect(views.of(memory, 0, 100 + 512).length).toBe(612);
  expect(views.of(memory, 0, 100).length).toBe(100);
});

test('other memory has views of its own, and ranges from elsewhere are cut as asked', () => {
  const views = new WriteViews();
  const [one, other] = [Buffer.from('one'), Buffer.from('other')];
  views.of(one, 0, 2);
  expect(views.of(other, 0, 2).toString()).toBe('ot');
  expect(views.of(other, 1, 3).toString()).toBe('th');
  expect(views.of(one, 0, 2).toString()).toBe('on');
});

test('memory that takes turns with other memory keeps its views', () => {
  const views = new WriteViews();
  const [one, other] = [Buffer.alloc(64), Buffer.alloc(64)];
  const seen = [one, other, one, other].map((memory) => views.of(memory, 0, 10));
  expect([one, other].map((memory) => views.of(memory, 0, 10))).toEqual(seen.slice(2));
  expect(views.of(one, 0, 10)).toBe(seen[2]);
});
