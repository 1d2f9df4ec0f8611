import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger, systemTimers } from '@sluice/kernel';
import { isAlive } from '../testing/is-alive.ts';
import type { ProcessExit, ProcessSpec } from './process-runner.ts';
import { SystemProcessRunner } from './system-process-runner.ts';

let folder: string;
let runner: SystemProcessRunner;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runner-'));
  runner = createRunner();
});
afterEach(async () => {
  await runner.close();
  rmSync(folder, { recursive: true, force: true });
});

function createRunner(): SystemProcessRunner {
  return new SystemProcessRunner({
    recordsPath: join(folder, 'processes.json'),
    timers: systemTimers,
    logger: silentLogger,
    platform: process.platform,
    programFolder: process.cwd(),
  });
}

function specOf(...argv: [string, ...string[]]): ProcessSpec {
  return {
    argv,
    env: { PATH: process.env.PATH ?? '' },
    identity: { namespace: 'default', pod: 'p', podUid: 'u', container: 'c', podIp: '127.0.0.1' },
  };
}

/** Starts a program and gathers what it writes. */
function run(spec: ProcessSpec, on: SystemProcessRunner = runner) {
  const output = { text: '' };
  const { promise: exit, resolve } = Promise.withResolvers<ProcessExit>();
  const running = on.start(spec, {
    onOutput: (_stream, bytes) => (output.text += new TextDecoder().decode(bytes)),
    onExit: resolve,
  });
  return { running, output, exit };
}

describe('programs as child processes', () => {
  it('tells output and exit code, and passes nothing but the environment it was given', async () => {
    const { exit, output } = run({ ...specOf('sh', '-c', 'echo "hello $NAME $HOME"; exit 3'), env: { PATH: '/usr/bin:/bin', NAME: 'you' } });
    expect(await exit).toEqual({ kind: 'exited', code: 3 });
    expect(output.text).toBe('hello you \n');
  });

  it('says which program or folder is not there', async () => {
    expect(await run(specOf('no-such-program')).exit).toEqual({ kind: 'not-started', message: 'program "no-such-program" not found' });
    expect(await run({ ...specOf('sh'), workingDir: '/no/such/folder' }).exit).toEqual({
      kind: 'not-started',
      message: 'working directory /no/such/folder does not exist',
    });
  });

  it('signals the whole group, children of the program included', async () => {
    const { running, exit, output } = run(specOf('sh', '-c', 'sleep 300 & echo $!; wait'));
    await vi.waitFor(() => expect(output.text).toMatch(/^\d+\n$/));
    const child = Number(output.text);
    running.signal('SIGTERM');
    expect(await exit).toMatchObject({ kind: 'signaled', signal: 'SIGTERM', number: 15 });
    await vi.waitFor(() => expect(isAlive(child)).toBe(false));
  });

  it('leaves no child behind when the program itself ends', async () => {
    const { exit, output } = run(specOf('sh', '-c', 'sleep 300 & echo $!'));
    expect(await exit).toEqual({ kind: 'exited', code: 0 });
    await vi.waitFor(() => expect(isAlive(Number(output.text))).toBe(false));
  });

  it('ends what ignores SIGTERM when it is closed', async () => {
    const { running, exit, output } = run(specOf('sh', '-c', "trap '' TERM; echo ready; while :; do sleep 1; done"));
    await vi.waitFor(() => expect(output.text).toBe('ready\n'));
    running.signal('SIGTERM');
    await runner.close();
    expect(await exit).toMatchObject({ kind: 'signaled', signal: 'SIGKILL' });
    expect(isAlive(running.pid as number)).toBe(false);
  });

  it('clears up after a program before it says that it ended', async () => {
    const mark = join(folder, 'cleared');
    const { exit } = run({ ...specOf('true'), afterEnd: ['touch', mark] });
    await exit;
    expect(existsSync(mark)).toBe(true);
  });

  it('sees on which ports a program and its children listen', async () => {
    const script = "const s = require('net').createServer().listen(0, () => console.log(s.address().port))";
    const { running, output } = run(specOf('sh', '-c', `node -e "${script}" & wait`));
    await vi.waitFor(() => expect(output.text).toMatch(/^\d+\n$/), { timeout: 5000 });
    expect(await running.listeningPorts()).toEqual([Number(output.text)]);
  });
});

describe('what a runner leaves behind when it dies', () => {
  it('is ended by its guardian at once, also where the program has children', async () => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'testdata', 'runner-parent.ts'), join(folder, 'other.json')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    parent.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await vi.waitFor(() => expect(text).toMatch(/^\d+ \d+\n$/), { timeout: 5000 });
    const pids = text.trim().split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]), { timeout: 5000 });
  });

  it('is ended by the next runner on the same records', async () => {
    const { running, exit } = run(specOf('sleep', '300'));
    const records = () => JSON.parse(readFileSync(join(folder, 'processes.json'), 'utf8')) as unknown[];
    await vi.waitFor(() => expect(records()).toMatchObject([{ pid: running.pid, name: 'default/p/c' }]));
    expect(await createRunner().endLeftovers()).toBe(1);
    expect(await exit).toMatchObject({ kind: 'signaled', signal: 'SIGKILL' });
    await vi.waitFor(() => expect(records()).toEqual([]));
  });

  it('is cleared up by the next runner, when the one that died could not', async () => {
    const mark = join(folder, 'cleared');
    const record = { pid: 4_000_000, start: 'another boot/1', name: 'x', afterEnd: ['touch', mark] };
    writeFileSync(join(folder, 'processes.json'), JSON.stringify([record]));
    expect(await createRunner().endLeftovers()).toBe(0);
    expect(existsSync(mark)).toBe(true);
  });

  it('does not touch a process that merely has a recorded pid', async () => {
    const { running } = run(specOf('sleep', '300'));
    writeFileSync(join(folder, 'processes.json'), JSON.stringify([{ pid: running.pid, start: 'another boot/1', name: 'x' }]));
    expect(await createRunner().endLeftovers()).toBe(0);
    expect(isAlive(running.pid as number)).toBe(true);
  });
});
