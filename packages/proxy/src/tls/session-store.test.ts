import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { SessionStore } from './session-store.ts';

const session = (text: string) => Buffer.from(text);

test('a session for one use is given once, another again and again', () => {
  const store = new SessionStore(2);
  store.put('a', session('1'), true);
  store.put('a', session('2'), true);
  expect([store.take('a'), store.take('a'), store.take('a')].map(String)).toEqual(['2', '1', 'undefined']);
  store.put('a', session('3'), false);
  expect([store.take('a'), store.take('a')].map(String)).toEqual(['3', '3']);
  expect(store.take('b')).toBeUndefined();
});

test('no more are remembered than were asked for, of one name and of all', () => {
  const store = new SessionStore(1);
  store.put('a', session('1'), true);
  store.put('a', session('2'), true);
  expect([store.take('a'), store.take('a')].map(String)).toEqual(['2', 'undefined']);
  for (let name = 0; name < 150; name += 1) store.put(String(name), session('x'), false);
  expect(store.take('0')).toBeUndefined();
  expect(store.take('149')).toBeDefined();
  const none = new SessionStore(0);
  none.put('a', session('1'), false);
  expect(none.take('a')).toBeUndefined();
});
