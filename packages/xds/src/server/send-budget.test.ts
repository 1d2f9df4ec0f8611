import { SimulatedTime } from '@sluice/kernel/testing';
import { beforeEach, expect, test } from 'vitest';

import { answerWaitMs, SendBudget, type SendTicket } from './send-budget.ts';

const large = 1 << 20;
let time: SimulatedTime;
beforeEach(() => {
  time = new SimulatedTime();
});

function sender(budget: SendBudget) {
  const sent: string[] = [];
  const tickets = new Map<string, SendTicket | undefined>();
  return {
    sent,
    send: (name: string, bytes = large) => tickets.set(name, budget.request(bytes, () => sent.push(name))),
    release: (name: string) => tickets.get(name)?.release(),
  };
}

test('large responses go out as others are answered, in their order', () => {
  const budget = new SendBudget(time, 2 * large);
  const { sent, send, release } = sender(budget);
  for (const name of ['a', 'b', 'c', 'd']) send(name);
  expect(sent).toEqual(['a', 'b']);
  expect(budget.waiting).toBe(2);
  release('b');
  expect(sent).toEqual(['a', 'b', 'c']);
  // Released twice, or for another reason as well, it counts once.
  release('b');
  expect(sent).toEqual(['a', 'b', 'c']);
  release('a');
  expect(sent).toEqual(['a', 'b', 'c', 'd']);
});

test('one that is larger than all that may be out goes alone', () => {
  const { sent, send, release } = sender(new SendBudget(time, large));
  send('huge', 10 * large);
  send('next');
  expect(sent).toEqual(['huge']);
  release('huge');
  expect(sent).toEqual(['huge', 'next']);
});

test('one whose stream has ended is not sent', () => {
  const { sent, send, release } = sender(new SendBudget(time, large));
  for (const name of ['a', 'b', 'c']) send(name);
  release('b');
  release('a');
  expect(sent).toEqual(['a', 'c']);
});

test('small responses wait for nobody', () => {
  const { sent, send } = sender(new SendBudget(time, large));
  send('a');
  send('b');
  send('small', 1_000);
  expect(sent).toEqual(['a', 'small']);
});

test('a client that never answers holds up the others for a while only', async () => {
  const { sent, send } = sender(new SendBudget(time, large));
  send('silent');
  send('next');
  await time.advanceAsync(answerWaitMs - 1);
  expect(sent).toEqual(['silent']);
  await time.advanceAsync(1);
  expect(sent).toEqual(['silent', 'next']);
});
