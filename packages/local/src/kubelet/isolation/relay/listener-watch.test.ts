import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '@sluice/kernel/testing';
import { ListenerWatch } from './listener-watch.ts';

function watchOn(...ports: number[]) {
  const time = new SimulatedTime();
  const listening = new Set<number>();
  const changes: string[] = [];
  let looks = 0;
  const watch = new ListenerWatch({
    timers: time,
    ports,
    listening: () => {
      looks += 1;
      return listening;
    },
    onChange: (port, listens) => changes.push(`${port} ${listens} at ${Math.round(time.now())}`),
  });
  watch.look();
  return { time, listening, changes, watch, looks: () => looks };
}

describe('the watch over the listeners of a network', () => {
  it('tells within 5 ms of a program that listens soon, and once', async () => {
    const { time, listening, changes } = watchOn(3000);
    listening.add(3000).add(9229);
    await time.advanceAsync(5);
    await time.advanceAsync(5000);
    expect(changes).toEqual(['3000 true at 5']);
  });

  it('looks more and more rarely while nobody listens', async () => {
    const { time, looks } = watchOn(3000);
    await time.advanceAsync(60_000);
    expect(looks()).toBeLessThan(300);
    const before = looks();
    await time.advanceAsync(1000);
    expect(looks() - before).toBe(4);
  });

  it('tells within a second that a program listens no more, and at once when asked to look', async () => {
    const { time, listening, changes, watch } = watchOn(3000, 4000);
    listening.add(3000).add(4000);
    watch.look();
    listening.delete(3000);
    await time.advanceAsync(1000);
    listening.delete(4000);
    watch.look();
    expect(changes).toEqual(['3000 true at 0', '4000 true at 0', '3000 false at 1000', '4000 false at 1000']);
    expect([watch.listens(3000), watch.listens(4000)]).toEqual([false, false]);
  });

  it('does nothing more once it has stopped', async () => {
    const { time, watch, looks } = watchOn(3000);
    watch.stop();
    await time.advanceAsync(1000);
    expect(looks()).toBe(1);
  });
});
