import { expect, test } from 'vitest';
import { ColdStartRecords } from './cold-start-record.ts';

const none = { ready: 0, notReady: 0 };
const starting = { ready: 0, notReady: 1 };
const ready = { ready: 1, notReady: 0 };

test('a waking is told phase by phase once a pod is ready', () => {
  const records = new ColdStartRecords();
  records.asked('a/b', 1000, 1004);
  records.seen('a/b', none, 1010);
  records.seen('a/b', starting, 1030);
  records.seen('a/b', { ready: 0, notReady: 2 }, 1050);
  expect(records.of('a/b')).toBeUndefined();
  records.seen('a/b', ready, 1200);
  records.seen('a/b', { ready: 2, notReady: 0 }, 1300);
  expect(records.of('a/b')).toEqual({ at: '1970-01-01T00:00:01.000Z', decideMs: 4, createMs: 26, readyMs: 170, podReadyMs: 196 });
});

test('what nobody saw is left out', () => {
  const records = new ColdStartRecords();
  records.asked('a/b', 1000, 1000);
  records.seen('a/b', ready, 1200);
  expect(records.of('a/b')).toEqual({ at: '1970-01-01T00:00:01.000Z', decideMs: 0, podReadyMs: 200 });
});

test('what activators measured may come before or after, and the longest wait counts', () => {
  const records = new ColdStartRecords();
  records.asked('a/b', 1000, 1000);
  expect(records.answered('a/b', { waitMs: 150, firstByteMs: 3 })).toBe(false);
  records.seen('a/b', ready, 1200);
  expect(records.of('a/b')).toMatchObject({ waitMs: 150, firstByteMs: 3 });
  expect(records.answered('a/b', { waitMs: 100, firstByteMs: 9 })).toBe(false);
  expect(records.answered('a/b', { waitMs: 180, firstByteMs: 2 })).toBe(true);
  expect(records.of('a/b')).toMatchObject({ waitMs: 180, firstByteMs: 2 });
});

test('of a revision that nobody asked pods for, nothing is told', () => {
  const records = new ColdStartRecords();
  records.asked('a/b', undefined, 1000);
  records.seen('a/b', ready, 1200);
  expect([records.answered('a/b', { waitMs: 1, firstByteMs: 1 }), records.of('a/b')]).toEqual([false, undefined]);
});
