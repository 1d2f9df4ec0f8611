/** Every state of a client's HTTP/1.1 connection against every event, as `lifecycle.md` says: one test per cell. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { leaveWorld, playCell } from '../testing/lifecycle-cell.ts';
import { lifecycleEvents } from '../testing/lifecycle-events.ts';
import { lifecycleStates } from '../testing/lifecycle-states.ts';

interface Cell {
  readonly state: string;
  readonly event: string;
  /** The next state, `stays`, or `cannot: ` with the reason. */
  readonly next: string;
  readonly client: string;
  readonly host: string;
  readonly ends: string;
}

const cells = readCells(readFileSync(new URL('../../lifecycle.md', import.meta.url), 'utf8'));

function readCells(text: string): readonly Cell[] {
  const found: Cell[] = [];
  let state = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) state = line.slice(3);
    const [, events = '', next = '', client = '', host = '', ends = ''] = line.split('|').map((cell) => cell.trim());
    if (next === '' || next === 'then' || next === '---') continue;
    for (const event of events.split('<br>')) found.push({ state, event, next, client, host, ends });
  }
  return found;
}

test('the table has each state with each event once', () => {
  const all = Object.keys(lifecycleStates).flatMap((state) => Object.keys(lifecycleEvents).map((event) => `${state} / ${event}`));
  expect(cells.map(({ state, event }) => `${state} / ${event}`).toSorted()).toEqual(all.toSorted());
});

describe.each(Object.keys(lifecycleStates))('%s', (name) => {
  const rows = cells.filter(({ state }) => state === name).map((cell) => [cell.event, cell.next, cell] as const);
  test.each(rows)('%s → %s', async (_event, _next, cell) => {
    const { world, outcome } = await playCell(cell.state, cell.event);
    if (typeof outcome === 'string') {
      expect(`cannot: ${outcome}`).toBe(cell.next);
    } else {
      expect(outcome).toEqual({ client: cell.client, host: cell.host, ends: cell.ends });
      const next = lifecycleStates[cell.next === 'stays' ? cell.state : cell.next];
      expect(next, cell.next).toBeDefined();
      await next?.prove(world);
    }
    await leaveWorld(world);
    expect(world.held).toEqual({});
    expect(world.logger.events.filter(({ level }) => level === 'error')).toEqual([]);
    await world.close();
  });
});
