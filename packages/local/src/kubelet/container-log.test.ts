import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMeter, silentLogger } from '@sluice/kernel';
import { settle, SimulatedTime } from '@sluice/kernel/testing';
import type { TextStream } from '../api-server/exchange.ts';
import type { PodLogsAnswer, PodLogsRequest } from '../api-server/pod-logs.ts';
import { MemoryLogStore } from '../testing/memory-log-store.ts';
import { FileLogStore } from './file-log-store.ts';
import type { LogStore } from './log-store.ts';
import { createPodLogs } from './pod-logs.ts';

const key = { namespace: 'default', pod: 'web', podUid: 'u-1', container: 'app' };
const bytes = (text: string) => new TextEncoder().encode(text);
const wallStart = Date.UTC(2026, 0, 1);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fileStore(time: SimulatedTime, fileBytesMax?: number): LogStore {
  const limit = fileBytesMax === undefined ? {} : { fileBytesMax };
  return new FileLogStore({ folder, clock: time, timers: time, logger: silentLogger, meter: createMeter(), ...limit });
}

function asking(store: LogStore) {
  const logs = createPodLogs(store);
  return async (request: Partial<PodLogsRequest> = {}): Promise<string> => {
    const answer = await logs.read({ ...key, follow: false, previous: false, timestamps: false, ...request });
    return answer.kind === 'text' ? answer.text : answer.kind === 'problem' ? `problem: ${answer.message}` : 'stream';
  };
}

const stores: [string, (time: SimulatedTime) => LogStore][] = [
  ['in memory', (time) => new MemoryLogStore(time)],
  ['in files', fileStore],
];

describe.each(stores)('the log of a container %s', (_name, createStore) => {
  it('puts lines together from pieces, per stream, and keeps the last one without its end', async () => {
    const store = createStore(new SimulatedTime(wallStart));
    const log = store.open(key, 0);
    log.write('stdout', bytes('one\ntw'));
    log.write('stderr', bytes('problem\n'));
    const [first, second] = [bytes('o ü').subarray(0, 3), bytes('o ü').subarray(3)];
    log.write('stdout', first);
    log.write('stdout', second);
    log.end();
    expect(await asking(store)()).toBe('one\nproblem\ntwo ü\n');
  });

  it('answers with the last lines, with those since a moment, with times, and up to a number of bytes', async () => {
    const time = new SimulatedTime(wallStart);
    const store = createStore(time);
    const log = store.open(key, 0);
    for (const line of ['one', 'two', 'three']) {
      log.write('stdout', bytes(`${line}\n`));
      time.advance(1500);
    }
    const ask = asking(store);
    expect(await ask({ tailLines: 2 })).toBe('two\nthree\n');
    expect(await ask({ tailLines: 0 })).toBe('');
    expect(await ask({ sinceMs: wallStart + 1000 })).toBe('two\nthree\n');
    expect(await ask({ timestamps: true, tailLines: 1 })).toBe('2026-01-01T00:00:03.000000000Z three\n');
    expect(await ask({ limitBytes: 5 })).toBe('one\nt');
  });

  it('keeps the run before the present one, and no more', async () => {
    const store = createStore(new SimulatedTime(wallStart));
    for (const run of [0, 1, 2]) {
      const log = store.open(key, run);
      log.write('stdout', bytes(`run ${run}\n`));
      log.end();
    }
    const ask = asking(store);
    expect(await ask()).toBe('run 2\n');
    expect(await ask({ previous: true })).toBe('run 1\n');
    store.remove(key);
    expect(await ask()).toBe('problem: container "app" in pod "web" is waiting to start');
    expect(await ask({ previous: true })).toBe('problem: previous terminated container "app" in pod "web" not found');
  });

  it('is followed without a gap or a repetition, to its end', async () => {
    const time = new SimulatedTime(wallStart);
    const store = createStore(time);
    const log = store.open(key, 0);
    log.write('stdout', bytes('one\ntwo\n'));
    const answer = await createPodLogs(store).read({ ...key, follow: true, previous: false, timestamps: false, tailLines: 1 });
    const heard = listen(answer);
    log.write('stdout', bytes('three\n'));
    await time.advanceAsync(100);
    await settle();
    log.write('stdout', bytes('four\n'));
    log.end();
    await heard.ended;
    expect(heard.text()).toBe('two\nthree\nfour\n');
  });

  it('stops telling a listener who left', async () => {
    const store = createStore(new SimulatedTime(wallStart));
    const log = store.open(key, 0);
    const answer = await createPodLogs(store).read({ ...key, follow: true, previous: false, timestamps: false });
    const heard = listen(answer);
    log.write('stdout', bytes('one\n'));
    heard.stream.close();
    log.write('stdout', bytes('two\n'));
    log.end();
    await settle();
    expect(heard.text()).toBe('');
  });

  it('has the end of a log ready for a message, up to eighty lines and two kilobytes', () => {
    const log = createStore(new SimulatedTime(wallStart)).open(key, 0);
    for (let line = 0; line < 100; line += 1) log.write('stderr', bytes(`line ${line}\n`));
    expect(log.tail().split('\n').length).toBe(80);
    expect(log.tail().endsWith('line 99')).toBe(true);
    log.write('stderr', bytes(`${'x'.repeat(5000)}\n`));
    expect(log.tail().length).toBe(2048);
  });
});

describe('logs in files', () => {
  it('are rotated, and both files are read', async () => {
    const time = new SimulatedTime(wallStart);
    const store = fileStore(time, 200);
    const log = store.open(key, 0);
    for (let line = 0; line < 9; line += 1) {
      log.write('stdout', bytes(`line ${line}\n`));
      time.advance(50);
    }
    expect(readdirSync(join(folder, 'default_web_u-1', 'app')).sort()).toEqual(['0.log', '0.log.1']);
    expect(await asking(store)()).toBe('line 4\nline 5\nline 6\nline 7\nline 8\n');
    log.end();
  });

  it('are found by the next kubelet too', async () => {
    const log = fileStore(new SimulatedTime(wallStart)).open(key, 3);
    log.write('stdout', bytes('before\n'));
    log.end();
    expect(await asking(fileStore(new SimulatedTime(wallStart)))()).toBe('before\n');
  });
});

function listen(answer: PodLogsAnswer): { stream: TextStream; text: () => string; ended: Promise<void> } {
  if (answer.kind !== 'stream') throw new Error(`expected a stream, got ${answer.kind}`);
  let text = '';
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  answer.stream.listen({ onText: (piece) => (text += piece), onEnd: resolve });
  return { stream: answer.stream, text: () => text, ended };
}
