import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { IdleRoom, type IdleLimits } from './idle-room.ts';

function createRoom(limits: IdleLimits) {
  const closed = createMeter().counter('closed', '');
  const evicted: string[] = [];
  const keeper = { evict: (connection: string) => void evicted.push(connection) };
  return { room: new IdleRoom<string>(limits, closed), keeper, evicted, closed };
}

test('a host that has enough idle connections gets no more', () => {
  const { room, keeper, closed } = createRoom({ totalMax: 0, perHostMax: 2 });
  expect([0, 1, 2].map((beside) => room.enter(`c${beside}`, keeper, beside))).toEqual([true, true, false]);
  expect([room.size, closed.value]).toEqual([2, 1]);
});

test('over all, the one that has lain longest makes room, and one that is used counts no more', () => {
  const { room, keeper, evicted, closed } = createRoom({ totalMax: 2, perHostMax: 0 });
  for (const connection of ['a', 'b']) room.enter(connection, keeper, 0);
  room.leave('a');
  expect(room.enter('c', keeper, 0)).toBe(true);
  expect(evicted).toEqual([]);
  room.enter('a', keeper, 0);
  expect([evicted, room.size, closed.value]).toEqual([['b'], 2, 1]);
});
