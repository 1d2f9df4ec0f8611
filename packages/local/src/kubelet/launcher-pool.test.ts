import { describe, expect, it, vi } from 'vitest';
import { SimulatedTime } from '@sluice/kernel/testing';
import { isAlive } from '../testing/is-alive.ts';
import { LauncherPool } from './launcher-pool.ts';

/** Runs a script in the shell and answers with what it wrote. */
function outputOf(shell: ReturnType<LauncherPool['take']>, script: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    shell.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
    shell.once('close', () => resolve(text));
    shell.stdin?.end(script);
  });
}

describe('shells that wait to become programs', () => {
  it('are made when it has been quiet for a while, a few and no more', async () => {
    const time = new SimulatedTime();
    const pool = new LauncherPool(time);
    const first = pool.take();
    time.advance(499);
    expect(pool.waiting).toBe(0);
    time.advance(1);
    expect(pool.waiting).toBe(1);
    time.advance(10_000);
    expect(pool.waiting).toBe(4);
    const second = pool.take();
    expect(pool.waiting).toBe(3);
    expect(await Promise.all([first, second].map((shell) => outputOf(shell, 'exec echo $$')))).toEqual([`${first.pid}\n`, `${second.pid}\n`]);
    await pool.close();
  });

  it('are passed over when somebody ended them', async () => {
    const time = new SimulatedTime();
    const pool = new LauncherPool(time);
    await outputOf(pool.take(), '');
    time.advance(500);
    const waiting = pool.take();
    await outputOf(waiting, '');
    time.advance(500);
    const [victim] = pool.pids;
    process.kill(victim as number, 'SIGKILL');
    await vi.waitFor(() => expect(pool.waiting).toBe(0));
    const next = pool.take();
    expect(next.pid).not.toBe(victim);
    expect(await outputOf(next, 'echo alive')).toBe('alive\n');
    await pool.close();
  });

  it('are gone when the pool is closed', async () => {
    const time = new SimulatedTime();
    const pool = new LauncherPool(time);
    await outputOf(pool.take(), '');
    time.advance(1000);
    const pids = pool.pids;
    expect(pids.length).toBe(4);
    await pool.close();
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
  });
});
