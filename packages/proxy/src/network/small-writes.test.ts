/** When Nagle's algorithm is turned off: before it could hold anything back, and not for clients that come for one answer. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { ClosingHandles } from './closing-handles.ts';
import { HandleConnection } from './handle-connection.ts';
import type { SocketHandle, StreamWrap } from './stream-wrap.ts';
import { OriginalDestinations } from './original-destination.ts';
import { WriteViews } from './write-views.ts';

/** An accepted connection whose system takes as many bytes at once as it is said to. */
function accepted(takesAll: boolean): { readonly connection: HandleConnection; readonly calls: string[] } {
  const calls: string[] = [];
  const handle = {
    useUserBuffer() {},
    readStop: () => calls.push('stop'),
    writeBuffer: () => (calls.push('write'), takesAll ? 0 : {}),
    setNoDelay: (on: boolean) => calls.push(on ? 'no delay' : 'delay'),
    close: () => calls.push('close'),
  } as unknown as SocketHandle;
  const connection = new HandleConnection({} as StreamWrap, { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }, createOptions());
  connection.adopt(handle);
  return { connection, calls };
}

const createOptions = () => ({ sharedMemory: Buffer.alloc(10), poisonsMemory: false, writesDirectly: true, views: new WriteViews(), closing: new ClosingHandles(), destinations: new OriginalDestinations('linux') });

const say = (connection: HandleConnection) => connection.write(Buffer.from('x'), 0, 1);

test('one answer and the end are one write and the end', () => {
  const { connection, calls } = accepted(true);
  say(connection);
  connection.destroy();
  expect(calls).toEqual(['write', 'close']);
});

test('from the second write on nothing is held back', () => {
  const { connection, calls } = accepted(true);
  for (let count = 0; count < 3; count += 1) say(connection);
  expect(calls).toEqual(['write', 'no delay', 'write', 'write']);
});

test('what the system takes in parts is not held back either', () => {
  const { connection, calls } = accepted(false);
  say(connection);
  say(connection);
  expect(calls).toEqual(['write', 'no delay', 'write']);
});

test('a connection that is given away holds nothing back', () => {
  const { connection, calls } = accepted(true);
  connection.release(new HandleConnection({} as StreamWrap, connection.handler, createOptions()));
  expect(calls.slice(0, 2)).toEqual(['stop', 'no delay']);
});
