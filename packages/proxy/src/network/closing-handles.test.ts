import { expect, test } from 'vitest';
import { ClosingHandles } from './closing-handles.ts';
import type { SocketHandle } from './stream-wrap.ts';

/** Calls back when the test says so. */
function createHandle(): { readonly handle: SocketHandle; readonly asked: (() => void)[] } {
  const asked: (() => void)[] = [];
  const handle = { close: (done?: () => void) => done && asked.push(done) };
  return { handle: handle as unknown as SocketHandle, asked };
}

test('those that close together are told by one of them, each once and in order, and the next begin anew', () => {
  const { handle, asked } = createHandle();
  const closing = new ClosingHandles();
  const told: string[] = [];
  const closes = (name: string, then = () => {}) => closing.close(handle, { onHandleClosed: () => (told.push(name), then()) });
  closes('one', () => closes('in consequence'));
  closes('two');
  expect([told, asked.length]).toEqual([[], 1]);
  asked[0]?.();
  expect([told, asked.length]).toEqual([['one', 'two'], 2]);
  asked[1]?.();
  expect(told).toEqual(['one', 'two', 'in consequence']);
});
