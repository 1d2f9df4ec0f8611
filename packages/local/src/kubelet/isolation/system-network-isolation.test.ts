import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger, systemTimers } from '@sluice/kernel';
import { isAlive } from '../../testing/is-alive.ts';
import { SystemProcessRunner } from '../system-process-runner.ts';
import type { ProcessExit, RunningProcess } from '../process-runner.ts';
import { SystemNetworkIsolation } from './system-network-isolation.ts';
import type { Sandbox } from './network-isolation.ts';

const path = process.env.PATH ?? '';
const isolation = new SystemNetworkIsolation({ timers: systemTimers, logger: silentLogger, platform: process.platform, path });
const support = await isolation.support();
if (support.kind === 'unsupported') console.warn(`namespaces are not tried: ${support.reason}`);

/** Listens on 3000 when it is told to by a signal, and stops at the next. Echoes. */
const onDemand = `
  const server = require('net').createServer((socket) => socket.pipe(socket));
  process.on('SIGUSR2', () => server.listening ? server.close(() => console.log('closed')) : server.listen(3000, () => console.log('open')));
  setInterval(() => {}, 1000);
  console.log('uid ' + process.getuid());
`;

describe.skipIf(support.kind === 'unsupported')('a network of its own', () => {
  let folder: string;
  let runner: SystemProcessRunner;
  const sandboxes: Sandbox[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isolation-'));
    runner = new SystemProcessRunner({
      recordsPath: join(folder, 'processes.json'),
      timers: systemTimers,
      logger: silentLogger,
      platform: process.platform,
      programFolder: process.cwd(),
    });
  });
  afterEach(async () => {
    await runner.close();
    await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function openSandbox(outside: number, onLost: (message: string) => void = () => {}): Promise<Sandbox> {
    const ports = [{ inside: 3000, outside: [{ address: '127.0.0.1', port: outside }] }];
    const sandbox = await isolation.open({ name: 'default/p/c', ports, onLost });
    sandboxes.push(sandbox);
    return sandbox;
  }

  function run(sandbox: Sandbox, ...argv: [string, ...string[]]) {
    const output = { text: '' };
    const { promise: exit, resolve } = Promise.withResolvers<ProcessExit>();
    const running: RunningProcess = runner.start(
      {
        argv,
        env: { PATH: path },
        wrapper: sandbox.wrapper,
        identity: { namespace: 'default', pod: 'p', podUid: 'u', container: 'c', podIp: '127.0.0.1' },
      },
      { onOutput: (_stream, bytes) => (output.text += new TextDecoder().decode(bytes)), onExit: resolve },
    );
    return { running, output, exit };
  }

  it('is made and entered without a trace in what the program sees of itself', async () => {
    const { exit, output } = run(await openSandbox(await freePort()), 'sh', '-c', 'id -u; cat /proc/net/dev | grep -c :; pwd; exit 7');
    expect(await exit).toEqual({ kind: 'exited', code: 7 });
    expect(output.text).toBe(`${process.getuid?.()}\n1\n${process.cwd()}\n`);
  });

  it('is reached exactly while the program listens, and tells the port it has inside', async () => {
    const outside = await freePort();
    const { running, output } = run(await openSandbox(outside), 'node', '-e', onDemand);
    await vi.waitFor(() => expect(output.text).toContain('uid'), { timeout: 5000 });
    expect(await tryConnect(outside)).toBe('ECONNREFUSED');
    expect(await running.listeningPorts()).toEqual([]);
    process.kill(running.pid as number, 'SIGUSR2');
    await vi.waitFor(async () => expect(await tryConnect(outside)).toBe('open'), { timeout: 5000, interval: 10 });
    expect(output.text).toContain('open');
    expect(await running.listeningPorts()).toEqual([3000]);
    process.kill(running.pid as number, 'SIGUSR2');
    await vi.waitFor(async () => expect(await tryConnect(outside)).toBe('ECONNREFUSED'), { timeout: 5000, interval: 50 });
    process.kill(running.pid as number, 'SIGUSR2');
    await vi.waitFor(async () => expect(await tryConnect(outside)).toBe('open'), { timeout: 5000, interval: 10 });
  });

  it('lets signals through to the whole group', async () => {
    const { running, output, exit } = run(await openSandbox(await freePort()), 'sh', '-c', 'sleep 300 & echo $!; trap "kill $!; exit 5" TERM; wait');
    await vi.waitFor(() => expect(output.text).toMatch(/^\d+\n$/), { timeout: 5000 });
    running.signal('SIGTERM');
    expect(await exit).toEqual({ kind: 'exited', code: 5 });
    await vi.waitFor(() => expect(isAlive(Number(output.text))).toBe(false));
  });

  it('delivers the last bytes of a program that has ended, and leaves no process', async () => {
    const outside = await freePort();
    const script = "require('net').createServer((s) => s.end('x'.repeat(100000), () => process.exit())).listen(3000)";
    const sandbox = await openSandbox(outside);
    const { exit } = run(sandbox, 'node', '-e', script);
    await vi.waitFor(async () => expect(await isListening(outside)).toBe(true), { timeout: 5000, interval: 10 });
    const client = net.connect(outside, '127.0.0.1');
    let received = 0;
    client.on('data', (bytes: Buffer) => (received += bytes.length));
    const ended = new Promise((resolve) => client.once('close', resolve));
    await exit;
    await sandbox.close();
    await ended;
    expect(received).toBe(100_000);
    expect(relaysOf(process.pid)).toEqual([]);
    expect(await tryConnect(outside)).toBe('ECONNREFUSED');
  });

  it('says when it breaks', async () => {
    const onLost = vi.fn<(message: string) => void>();
    await openSandbox(await freePort(), onLost);
    const [relay = 0] = relaysOf(process.pid);
    process.kill(relay, 'SIGKILL');
    await vi.waitFor(() => expect(onLost).toHaveBeenCalledWith('the relay ended (SIGKILL)'));
  });

  it('ends with the process that made it, also when that is killed hard', async () => {
    const program = join(import.meta.dirname, '..', 'testdata', 'isolation-parent.ts');
    const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    parent.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await vi.waitFor(() => expect(text).toContain('up'), { timeout: 5000 });
    const relays = relaysOf(parent.pid as number);
    expect(relays.length).toBe(1);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(relays.map(isAlive)).toEqual([false]), { timeout: 5000 });
  });
});

describe('the try for namespaces', () => {
  it('says why there are none, and what helps', async () => {
    const without = new SystemNetworkIsolation({ timers: systemTimers, logger: silentLogger, platform: 'darwin', path });
    expect(await without.support()).toEqual({
      kind: 'unsupported',
      reason: 'only Linux has network namespaces, this is darwin',
      advice: 'remove the annotation',
    });
    const folder = mkdtempSync(join(tmpdir(), 'isolation-'));
    const forbidden = join(folder, 'unshare');
    writeFileSync(forbidden, '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n', { mode: 0o755 });
    const refused = new SystemNetworkIsolation({ timers: systemTimers, logger: silentLogger, platform: 'linux', path: folder });
    expect(await refused.support()).toMatchObject({
      kind: 'unsupported',
      reason: 'no namespaces for users here (unshare: unshare failed: Operation not permitted)',
      advice: expect.stringContaining('user.max_user_namespaces'),
    });
    rmSync(folder, { recursive: true });
  });
});

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** `open`, or the code of the error. */
function tryConnect(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('connect', () => {
      socket.destroy();
      resolve('open');
    });
  });
}

/** Without connecting: some programs take only one connection. */
async function isListening(port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').some((line) => line.includes(wanted) && line.includes(' 0A '));
}

/** The children of a process that are relays, or become them. */
function relaysOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(ppid) === parent && state !== 'Z' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('relay-main.ts');
      } catch {
        return false;
      }
    });
}
