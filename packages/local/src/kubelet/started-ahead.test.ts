import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedTime } from '@sluice/kernel/testing';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { isAlive } from '../testing/is-alive.ts';
import type { ProcessSpec } from './process-runner.ts';
import { StartedAhead } from './started-ahead.ts';

const folder = mkdtempSync(join(tmpdir(), 'ahead-'));
const program = join(folder, 'waiting.sh');
// A program that knows how to wait: it says what it was told, and who it is.
writeFileSync(program, `#!/bin/sh\ntold=$(cat)\n[ -z "$told" ] && exit 7\necho "$$ $told"\n`, { mode: 0o755 });

const env = { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: '/cache' };
const identity = { namespace: 'default', pod: 'p', podUid: 'u', container: 'queue-proxy', podIp: '127.0.0.1' };
const spec: ProcessSpec = { argv: [program, '--quiet'], env: { ...env, SERVING_POD: 'p' }, identity };

const time = new SimulatedTime();
let ahead = new StartedAhead({ argv: [program], env }, time);
afterEach(async () => {
  await ahead.close();
  ahead = new StartedAhead({ argv: [program], env }, time);
});
afterAll(async () => {
  await ahead.close();
  rmSync(folder, { recursive: true });
});

test('a process that waits becomes the one that is asked for, told of its arguments, environment and folder', async () => {
  expect(ahead.take(spec, '/')).toBeUndefined();
  time.advance(1000);
  const pid = ahead.pid;
  const child = ahead.take(spec, '/srv');
  let text = '';
  child?.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await vi.waitFor(() => expect(text).toMatch(/\n$/));
  expect(text.slice(0, text.indexOf(' '))).toBe(String(pid));
  expect(JSON.parse(text.slice(text.indexOf(' ')))).toEqual({ args: ['--quiet'], env: spec.env, cwd: '/srv' });
});

test('there is one at a time, and the next is made when it has been quiet for a second', () => {
  time.advance(1000);
  ahead.take(spec, '/');
  time.advance(900);
  // Another start, of whatever program, puts it off.
  ahead.take({ ...spec, argv: ['other'] }, '/');
  time.advance(900);
  expect(ahead.pid).toBeUndefined();
  time.advance(100);
  expect(ahead.pid).toBeDefined();
});

test.each<[string, ProcessSpec]>([
  ['another program', { ...spec, argv: ['/bin/true'] }],
  ['the program with other words before its own', { ...spec, argv: ['/usr/bin/env', program] }],
  ['the program in other surroundings', { ...spec, wrapper: ['/usr/bin/nsenter'] }],
  ['the program with a variable that is read when a process begins', { ...spec, env: { ...spec.env, NODE_OPTIONS: '--inspect' } }],
])('it is not taken for %s', (_, other) => {
  time.advance(1000);
  expect(ahead.take(other, '/')).toBeUndefined();
  expect(ahead.take(spec, '/')).toBeDefined();
});

test('what waits is gone when it is closed, and one that somebody ended is passed over', async () => {
  time.advance(1000);
  const pid = ahead.pid as number;
  expect(spawnSync('kill', ['-KILL', String(pid)]).status).toBe(0);
  await vi.waitFor(() => expect(ahead.pid).toBeUndefined());
  ahead.take(spec, '/');
  time.advance(1000);
  const next = ahead.pid as number;
  await ahead.close();
  expect(isAlive(next)).toBe(false);
});
