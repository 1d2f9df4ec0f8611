import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Turn } from './turn.ts';

test('work put off that throws ends neither the turn of others nor the rest of the work', () => {
  const turn = new Turn(new SimulatedTime());
  const done: string[] = [];
  turn.onOver = () => done.push('over');
  turn.enter();
  turn.after(() => {
    throw new Error('a mistake');
  });
  turn.after(() => done.push('next'));
  expect(() => turn.leave()).toThrow('a mistake');
  expect(turn.isOpen).toBe(false);
  turn.enter();
  turn.leave();
  expect(done).toEqual(['over', 'next', 'over']);
});
