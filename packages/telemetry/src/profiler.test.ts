import type { Timers } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { startProfiler } from './profiler.ts';

/** Time that passes when the test says so. */
function createTimers() {
  const waiting: { readonly delayMs: number; readonly fire: () => void }[] = [];
  const timers: Timers = {
    after(delayMs, fire) {
      waiting.push({ delayMs, fire });
      return { cancel() {} };
    },
    every: () => ({ cancel() {} }),
  };
  return { timers, waiting };
}

test('profiles are given at the paths of Go’s, in V8’s form, one at a time', async () => {
  const { timers, waiting } = createTimers();
  const profiler = await startProfiler({ host: '127.0.0.1', port: 0, timers });
  const get = (path: string) => fetch(`http://127.0.0.1:${profiler.port}${path}`);
  const take = async (path: string) => {
    const answer = get(path);
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(1);
    expect((await get('/debug/pprof/heap')).status).toBe(409);
    const { delayMs } = waiting[0] ?? {};
    waiting.pop()?.fire();
    return { delayMs, names: Object.keys((await (await answer).json()) as object) };
  };
  const cpu = await take('/debug/pprof/profile?seconds=5');
  expect([cpu.delayMs, cpu.names]).toEqual([5_000, expect.arrayContaining(['nodes', 'startTime', 'endTime', 'samples'])]);
  const heap = await take('/debug/pprof/heap');
  expect([heap.delayMs, heap.names]).toEqual([30_000, expect.arrayContaining(['head', 'samples'])]);
  expect(await (await get('/debug/pprof/')).text()).toContain('/debug/pprof/profile');
  expect((await get('/other')).status).toBe(404);
  await profiler.close();
});
