import { createMeter } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime, settle } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { Controller, PermanentError, type ReconcileResult } from './controller.ts';

function createWorld(reconcile: (key: string) => Promise<ReconcileResult | void>, workers = 2) {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const controller = new Controller({
    name: 'test',
    reconcile,
    informers: [],
    workers,
    clock: time,
    timers: time,
    logger,
    meter: createMeter(),
  });
  return { time, logger, controller };
}

describe('Controller', () => {
  test('never works on one key twice at a time, and on no more keys than it has workers', async () => {
    const running = new Map<string, number>();
    const seen = { sameKey: 0, together: 0 };
    const { time, controller } = createWorld(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      seen.sameKey = Math.max(seen.sameKey, running.get(key) ?? 0);
      seen.together = Math.max(
        seen.together,
        [...running.values()].reduce((sum, count) => sum + count, 0),
      );
      await new Promise<void>((resolve) => time.after(10, resolve));
      running.set(key, (running.get(key) ?? 0) - 1);
    });
    await controller.start();
    for (let round = 0; round < 5; round += 1) {
      for (const key of ['a', 'b', 'c']) controller.enqueue(key);
      await time.advanceAsync(7);
    }
    await time.advanceAsync(200);

    expect(seen).toEqual({ sameKey: 1, together: 2 });
    expect(controller.isIdle).toBe(true);
  });

  test('waits for the caches before it begins', async () => {
    const calls: string[] = [];
    let synced = () => {};
    const time = new SimulatedTime();
    const controller = new Controller({
      name: 'test',
      reconcile: async (key) => void calls.push(key),
      informers: [{ whenSynced: () => new Promise<void>((resolve) => (synced = resolve)) }],
      clock: time,
      timers: time,
      logger: new RecordingLogger(),
      meter: createMeter(),
    });
    controller.enqueue('a');
    const started = controller.start();
    await settle();
    expect(calls).toEqual([]);
    synced();
    await started;
    await settle();
    expect(calls).toEqual(['a']);
  });

  test('tries a failing key again until it succeeds', async () => {
    let attempts = 0;
    const { time, logger, controller } = createWorld(async () => {
      attempts += 1;
      if (attempts < 4) throw new Error('not yet');
    });
    await controller.start();
    controller.enqueue('a');
    await time.advanceAsync(1000);

    expect(attempts).toBe(4);
    expect(logger.events.map(({ event }) => event)).toEqual([
      'reconcile failed',
      'reconcile failed',
      'reconcile failed',
    ]);
  });

  test('is quiet about conflicts and tries again', async () => {
    let attempts = 0;
    const { time, logger, controller } = createWorld(async () => {
      attempts += 1;
      if (attempts === 1) throw new ApiError(409, { kind: 'Status', apiVersion: 'v1', reason: 'Conflict' }, 'PUT /x');
    });
    await controller.start();
    controller.enqueue('a');
    await time.advanceAsync(1000);

    expect(attempts).toBe(2);
    expect(logger.events.map(({ level }) => level)).toEqual(['debug']);
  });

  test('lets a permanently failing key rest', async () => {
    let attempts = 0;
    const { time, controller } = createWorld(async () => {
      attempts += 1;
      throw new PermanentError('no cure');
    });
    await controller.start();
    controller.enqueue('a');
    await time.advanceAsync(600_000);

    expect(attempts).toBe(1);
  });

  test('comes back after the time that was asked for', async () => {
    const at: number[] = [];
    const { time, controller } = createWorld(async () => {
      at.push(time.now());
      return at.length < 3 ? { requeueAfterMs: 100 } : undefined;
    });
    await controller.start();
    controller.enqueue('a');
    await time.advanceAsync(1000);

    expect(at).toEqual([0, 100, 200]);
  });

  test('stops after the work under way, and takes no more', async () => {
    const finished: string[] = [];
    const { time, controller } = createWorld(async (key) => {
      await new Promise<void>((resolve) => time.after(50, resolve));
      finished.push(key);
    }, 1);
    await controller.start();
    controller.enqueue('a');
    controller.enqueue('b');
    await settle();
    const stopped = controller.stop();
    await time.advanceAsync(500);
    await stopped;

    expect(finished).toEqual(['a']);
  });
});
