import { createSeededRandom } from '@sluice/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Throttler, type Assignment } from './throttler.ts';

function createThrottler(containerConcurrency: number, queueDepth?: number): Throttler {
  const random = createSeededRandom(7);
  return new Throttler({ containerConcurrency, random, ...(queueDepth === undefined ? {} : { queueDepth }) });
}

/** Acquires and writes down what the waiter is told. */
function acquire(throttler: Throttler, name: string, told: string[] = []): Assignment {
  const assignment = throttler.acquire({
    onAssigned: () => told.push(`${name} assigned`),
    onRefused: () => told.push(`${name} refused`),
  });
  if (!assignment) throw new Error(`${name} was turned away`);
  return assignment;
}

describe('a throttler', () => {
  it('holds requests in order while there is no pod and lets them go as one comes up', () => {
    const throttler = createThrottler(2);
    const told: string[] = [];
    const waiting = ['a', 'b', 'c'].map((name) => acquire(throttler, name, told));
    expect([throttler.capacity, throttler.waiting]).toEqual([0, 3]);

    throttler.setPods(['10.0.0.1:8012']);
    expect(told).toEqual(['a assigned', 'b assigned']);
    expect(waiting.map(({ address }) => address)).toEqual(['10.0.0.1:8012', '10.0.0.1:8012', undefined]);

    waiting[0]?.release();
    expect(told.at(-1)).toBe('c assigned');
  });

  it('lets everything go to a pod without a limit', () => {
    const throttler = createThrottler(0);
    for (let index = 0; index < 500; index += 1) acquire(throttler, `${index}`);
    throttler.setPods(['10.0.0.1:8012']);
    expect([throttler.inFlight, throttler.waiting, throttler.capacity]).toEqual([500, 0, Number.POSITIVE_INFINITY]);
  });

  it('assigns at once, without telling the waiter, when a pod has room', () => {
    const throttler = createThrottler(1);
    throttler.setPods(['10.0.0.1:8012']);
    const told: string[] = [];
    expect(acquire(throttler, 'a', told).address).toBe('10.0.0.1:8012');
    expect(told).toEqual([]);
  });

  it('refuses when its queue is full', () => {
    const throttler = createThrottler(1, 2);
    acquire(throttler, 'a');
    acquire(throttler, 'b');
    expect(throttler.acquire({ onAssigned() {}, onRefused() {} })).toBeUndefined();
  });

  it('remembers what runs at a pod that left and came back, so that its limit holds', () => {
    const throttler = createThrottler(1);
    throttler.setPods(['10.0.0.1:8012']);
    const running = acquire(throttler, 'a');
    throttler.setPods([]);
    throttler.setPods(['10.0.0.1:8012']);
    const next = acquire(throttler, 'b');
    expect(next.address).toBeUndefined();
    running.release();
    expect(next.address).toBe('10.0.0.1:8012');
  });

  it('does not let what runs at a pod that left take room from the others', () => {
    const throttler = createThrottler(1);
    throttler.setPods(['10.0.0.1:8012']);
    acquire(throttler, 'a');
    throttler.setPods(['10.0.0.2:8012']);
    expect(acquire(throttler, 'b').address).toBe('10.0.0.2:8012');
  });

  it('uses only its share of the pods', () => {
    const throttler = createThrottler(1);
    throttler.setPods(['10.0.0.3:8012', '10.0.0.1:8012', '10.0.0.2:8012', '10.0.0.4:8012']);
    throttler.setShare({ index: 1, count: 2 });
    expect(throttler.assignedPods).toEqual(['10.0.0.3:8012', '10.0.0.4:8012']);
    expect(throttler.capacity).toBe(2);
  });

  it('sends everything to the Service that stands for pods, as many at once as they or its part of them may have', () => {
    const throttler = createThrottler(2);
    const told: string[] = [];
    const first = acquire(throttler, 'a', told);
    throttler.setService('10.96.0.7:80', 3);
    expect([throttler.capacity, throttler.assignedPods, first.address]).toEqual([6, ['10.96.0.7:80'], '10.96.0.7:80']);
    throttler.setShare({ index: 1, count: 4 });
    expect(throttler.capacity).toBe(1);
    acquire(throttler, 'b', told);
    expect(told).toEqual(['a assigned']);
    throttler.setService('10.96.0.7:80', 20);
    expect([throttler.capacity, told.at(-1)]).toEqual([10, 'b assigned']);
    throttler.setService('10.96.0.7:80', 0);
    expect(throttler.capacity).toBe(0);
    throttler.setPods(['10.0.0.1:8012']);
    expect(throttler.assignedPods).toEqual(['10.0.0.1:8012']);
  });

  it('refuses those that wait, and those that come, once its revision is gone', () => {
    const throttler = createThrottler(1);
    const told: string[] = [];
    acquire(throttler, 'a', told);
    throttler.close();
    expect(told).toEqual(['a refused']);
    expect(throttler.acquire({ onAssigned() {}, onRefused() {} })).toBeUndefined();
  });
});

describe('any sequence of requests, ends and pod changes', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'acquire' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), index: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pods' as const), pods: fc.subarray(['p', 'q', 'r', 's']) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('share' as const), index: fc.nat(1) }) },
  );

  it.each([0, 1, 3, 5])('with limit %i: never over a pod, in order, nobody waits beside a free pod, no leak', (limit) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const throttler = createThrottler(limit, 8);
        const held: Assignment[] = [];
        const usage = () => {
          const counts = new Map<string, number>();
          for (const { address } of held) if (address) counts.set(address, (counts.get(address) ?? 0) + 1);
          return counts;
        };
        let arrivals = 0;
        let lastTurn = -1;

        for (const action of steps) {
          if (action.kind === 'acquire') {
            const order = arrivals++;
            const onAssigned = () => {
              expect(order).toBeGreaterThan(lastTurn);
              lastTurn = order;
            };
            const assignment = throttler.acquire({ onAssigned, onRefused() {} });
            if (assignment?.address !== undefined) onAssigned();
            if (assignment) held.push(assignment);
          } else if (action.kind === 'release') {
            held.splice(action.index % Math.max(1, held.length), 1)[0]?.release();
          } else if (action.kind === 'pods') {
            throttler.setPods(action.pods);
          } else {
            throttler.setShare({ index: action.index, count: 2 });
          }
          const counts = usage();
          if (limit > 0) for (const count of counts.values()) expect(count).toBeLessThanOrEqual(limit);
          const hasRoom = throttler.assignedPods.some((pod) => limit === 0 || (counts.get(pod) ?? 0) < limit);
          if (throttler.waiting > 0) expect(hasRoom).toBe(false);
          expect(throttler.waiting + throttler.inFlight).toBe(held.length);
        }

        for (const assignment of held) assignment.release();
        expect([throttler.inFlight, throttler.waiting]).toEqual([0, 0]);
      }),
    );
  });
});
