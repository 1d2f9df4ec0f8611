import { createMeter } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { WorkQueue } from './work-queue.ts';

function createQueue() {
  const time = new SimulatedTime();
  const meter = createMeter();
  const queue = new WorkQueue({ name: 'test', meter, clock: time, timers: time, backoff: { initialMs: 5, maxMs: 40 } });
  /** What its page says, without the prefix that all names have. */
  const page = () =>
    Object.fromEntries(
      meter.collect().map(({ name, samples }) => {
        expect(samples.map(({ labels }) => labels)).toEqual([{ name: 'test' }]);
        const { value, count } = samples[0] ?? { value: Number.NaN };
        return [name.replace('kn_workqueue_', ''), count === undefined ? value : [count, value]];
      }),
    );
  return { time, queue, page };
}

describe('WorkQueue', () => {
  test('hands a key out once, however often it was added', () => {
    const { queue } = createQueue();
    queue.add('a');
    queue.add('b');
    queue.add('a');

    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', undefined]);
  });

  test('holds back a key that is being worked on until it is done', () => {
    const { queue } = createQueue();
    queue.add('a');
    queue.take();
    queue.add('a');
    queue.add('a');

    expect(queue.take()).toBeUndefined();
    queue.done('a');
    expect([queue.take(), queue.take()]).toEqual(['a', undefined]);
  });

  test('does not bring back a key that nobody asked for again', () => {
    const { queue } = createQueue();
    queue.add('a');
    queue.take();
    queue.done('a');

    expect(queue.isIdle).toBe(true);
  });

  test('doubles the delay of a failing key up to the maximum, and starts over after success', () => {
    const { time, queue } = createQueue();
    const delays: number[] = [];
    for (let failure = 1; failure <= 5; failure += 1) {
      const from = time.now();
      queue.retry('a');
      while (queue.depth === 0) time.advance(1);
      delays.push(time.now() - from);
      queue.take();
      queue.done('a');
    }
    expect(delays).toEqual([5, 10, 20, 40, 40]);

    queue.forget('a');
    queue.retry('a');
    time.advance(5);
    expect(queue.depth).toBe(1);
  });

  test('keeps the earliest of several delayed wishes', () => {
    const { time, queue } = createQueue();
    queue.addAfter('a', 100);
    queue.addAfter('a', 20);
    queue.addAfter('a', 300);

    time.advance(19);
    expect(queue.depth).toBe(0);
    time.advance(1);
    expect(queue.take()).toBe('a');
    queue.done('a');
    time.advance(1000);
    expect(queue.isIdle).toBe(true);
  });

  test('takes nothing more once closed', () => {
    const { time, queue } = createQueue();
    queue.addAfter('later', 10);
    queue.close();
    queue.add('now');
    time.advance(100);

    expect(queue.take()).toBeUndefined();
    expect(time.pending).toBe(0);
  });
});

test('a queue says how much waits, how long it has waited, and how long work takes', () => {
  const { time, queue, page } = createQueue();
  queue.add('a');
  queue.add('a');
  queue.add('b');
  time.advance(500);
  queue.take();
  // Once more when it is done, and not twice.
  queue.add('a');
  queue.add('a');
  time.advance(2_000);
  queue.take();
  time.advance(1_000);
  expect(page()).toEqual({
    depth: 0,
    adds_total: 3,
    retries_total: 0,
    queue_duration_seconds: [2, 3],
    process_duration_seconds: [0, 0],
    unfinished_work_seconds: 4,
    longest_running_processor_seconds: 3,
  });
  queue.done('a');
  queue.retry('b');
  queue.done('b');
  expect(page()).toMatchObject({ depth: 1, adds_total: 3, retries_total: 1, process_duration_seconds: [2, 4], unfinished_work_seconds: 0, longest_running_processor_seconds: 0 });
  time.advance(5);
  expect(page()).toMatchObject({ depth: 2, adds_total: 4 });
});
