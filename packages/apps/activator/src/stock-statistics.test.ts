import { SimulatedTime } from '@sluice/kernel/testing';
import type { StatMessage } from '@sluice/stats';
import { expect, test } from 'vitest';
import { StockStatistics } from './stock-statistics.ts';

function createStatistics() {
  const time = new SimulatedTime();
  const sent: string[] = [];
  const describe = ({ namespace, name, stat }: StatMessage) => `${namespace}/${name} ${stat.podName} ${stat.averageConcurrentRequests} ${stat.requestCount}`;
  const sender = {
    start() {},
    stop() {},
    connected: true,
    send(messages: readonly StatMessage[]) {
      sent.push(`${time.now()}: ${messages.map(describe).join(', ')}`);
      return true;
    },
  };
  const statistics = new StockStatistics({ sender, podName: 'activator-1', clock: time, timers: time });
  statistics.start();
  return { time, sent, statistics };
}

test('the first request is said at once, and taken off the report that follows', () => {
  const { time, sent, statistics } = createStatistics();
  time.advance(500);
  for (let index = 0; index < 3; index += 1) statistics.requestIn('default/a', time.now());
  time.advance(500);
  time.advance(1000);
  expect(sent).toEqual(['500: default/a activator-1 1 1', '1000: default/a activator-1 2 2', '2000: default/a activator-1 3 0']);
});

test('what is less than nothing is nothing, but counts may be', () => {
  const { time, sent, statistics } = createStatistics();
  statistics.requestIn('default/a', 0);
  time.advance(100);
  statistics.requestOut('default/a', 100);
  time.advance(900);
  expect(sent).toEqual(['0: default/a activator-1 1 1', '1000: default/a activator-1 0 0']);
});

test('a revision that has become quiet is reported with nothing once, and its next request is said at once again', () => {
  const { time, sent, statistics } = createStatistics();
  statistics.requestIn('default/a', 0);
  time.advance(1500);
  statistics.requestOut('default/a', 1500);
  time.advance(3500);
  statistics.requestIn('default/a', 5000);
  expect(sent).toEqual([
    '0: default/a activator-1 1 1',
    '1000: default/a activator-1 0 0',
    '2000: default/a activator-1 0.5 0',
    '3000: default/a activator-1 0 0',
    '5000: default/a activator-1 1 1',
  ]);
});

test('several revisions travel in one message', () => {
  const { time, sent, statistics } = createStatistics();
  statistics.requestIn('default/a', 0);
  statistics.requestIn('other/b', 0);
  time.advance(1000);
  expect(sent.at(-1)).toBe('1000: default/a activator-1 0 0, other/b activator-1 0 0');
});
