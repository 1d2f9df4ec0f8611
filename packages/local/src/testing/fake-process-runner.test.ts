import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '@sluice/kernel/testing';
import type { ProcessExit } from '../kubelet/process-runner.ts';
import { FakeProcessRunner, type FakeProgram } from './fake-process-runner.ts';

function floor(programs: Record<string, FakeProgram>) {
  const time = new SimulatedTime();
  const runner = new FakeProcessRunner({ timers: time, programFor: ({ argv }) => programs[argv[0]], startDelayMs: 10 });
  const start = (name: string) => {
    const exits: ProcessExit[] = [];
    let output = '';
    const running = runner.start(
      { argv: [name], env: {}, identity: { namespace: 'd', pod: 'p', podUid: 'u', container: 'c', podIp: '10.0.0.1' } },
      { onOutput: (_stream, bytes) => (output += new TextDecoder().decode(bytes)), onExit: (exit) => exits.push(exit) },
    );
    return { running, exits, output: () => output };
  };
  return { time, runner, start };
}

describe('programs in memory', () => {
  it('start after their delay, write, listen, and end once', async () => {
    const { time, runner, start } = floor({
      hello: ({ print, listen, exit }) => {
        print('hello');
        listen(80);
        time.after(100, () => exit(3));
        time.after(200, () => exit(4));
      },
    });
    const { running, exits, output } = start('hello');
    await time.advanceAsync(9);
    expect(output()).toBe('');
    await time.advanceAsync(1);
    expect(output()).toBe('hello\n');
    expect(await running.listeningPorts()).toEqual([80]);
    await time.advanceAsync(500);
    expect(exits).toEqual([{ kind: 'exited', code: 3 }]);
    expect(runner.running.size).toBe(0);
    expect(await running.listeningPorts()).toEqual([]);
  });

  it('may take SIGTERM as they like, but not SIGKILL', async () => {
    const { time, runner, start } = floor({ plain: () => {}, deaf: () => ({ onTerminate() {} }) });
    const plain = start('plain');
    const deaf = start('deaf');
    await time.advanceAsync(20);
    plain.running.signal('SIGTERM');
    deaf.running.signal('SIGTERM');
    await time.advanceAsync(1000);
    expect(plain.exits).toEqual([{ kind: 'signaled', signal: 'SIGTERM', number: 15 }]);
    expect(deaf.exits).toEqual([]);
    expect(runner.kill(deaf.running.pid as number)).toBe(true);
    await time.advanceAsync(1);
    expect(deaf.exits).toEqual([{ kind: 'signaled', signal: 'SIGKILL', number: 9 }]);
  });

  it('give back what they hold, however they end', async () => {
    let held = 0;
    const { time, runner, start } = floor({
      holder: () => {
        held += 1;
        return { onEnd: () => (held -= 1) };
      },
    });
    start('holder');
    start('holder');
    await time.advanceAsync(20);
    expect(held).toBe(2);
    await runner.close();
    expect(held).toBe(0);
  });

  it('do not start when there is no such program', async () => {
    const { time, start } = floor({});
    const { exits } = start('none');
    await time.advanceAsync(1);
    expect(exits).toEqual([{ kind: 'not-started', message: 'program "none" not found' }]);
  });
});
