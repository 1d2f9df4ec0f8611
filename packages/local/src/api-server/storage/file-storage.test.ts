import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStorage } from './file-storage.ts';
import type { StoredObject } from './storage.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-storage-'));
  path = join(folder, 'objects');
});
afterEach(() => rmSync(folder, { recursive: true }));

const object = (name: string, resourceVersion: number, text = `{"name":"${name}"}`): StoredObject => ({
  key: `/configmaps/default/${name}`,
  resourceVersion,
  text,
});
const open = () => openFileStorage(path, { logger: silentLogger });

describe('an object file', () => {
  it('gives back what was put and not removed', () => {
    const storage = open();
    storage.put(object('a', 2));
    storage.put(object('b', 3, '{"text":"ünï\\ncode"}'));
    storage.put(object('a', 4, '{"name":"a","again":true}'));
    storage.remove('/configmaps/default/b', 5);
    storage.close();

    const again = open();
    expect(again.load()).toEqual({ objects: [object('a', 4, '{"name":"a","again":true}')], resourceVersion: 5 });
    again.close();
  });

  it('survives a cut at every byte of the last change: all that was answered before is there, the torn line is not', () => {
    const storage = open();
    storage.put(object('a', 2));
    const before = statSync(path).size;
    storage.put(object('b', 3));
    storage.close();
    const whole = readFileSync(path);

    for (let length = before; length < whole.length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const cut = open();
      const { objects, resourceVersion } = cut.load();
      expect(objects, `cut at byte ${length}`).toEqual([object('a', 2)]);
      expect(resourceVersion).toBeGreaterThanOrEqual(2);
      cut.put(object('c', resourceVersion + 1));
      cut.close();
      const after = open();
      expect(after.load().objects).toEqual([object('a', 2), object('c', resourceVersion + 1)]);
      after.close();
    }
  });

  it('survives a cut at every byte of its first line', () => {
    open().close();
    const header = readFileSync(path);
    for (let length = 0; length < header.length; length++) {
      writeFileSync(path, header.subarray(0, length));
      const cut = open();
      expect(cut.load()).toEqual({ objects: [], resourceVersion: 0 });
      cut.close();
      expect(readFileSync(path)).toEqual(header);
    }
  });

  it('gives out no version twice after a torn line, which a client may have seen', () => {
    const storage = open();
    storage.put(object('a', 2));
    storage.close();
    writeFileSync(path, 'torn', { flag: 'a' });

    const logger = new RecordingLogger();
    const again = openFileStorage(path, { logger });
    expect(again.load().resourceVersion).toBe(1002);
    expect(logger.events.map(({ event }) => event)).toEqual(['half-written change dropped']);
    again.close();
  });

  it('refuses a file that is damaged before its end', () => {
    const storage = open();
    storage.put(object('a', 2));
    const damagedAt = statSync(path).size - 5;
    storage.put(object('b', 3));
    storage.close();
    const bytes = readFileSync(path);
    bytes[damagedAt] = (bytes[damagedAt] as number) ^ 1;
    writeFileSync(path, bytes);

    expect(() => open()).toThrow(/the line at byte 17 is damaged, and others follow it/);
    expect(readFileSync(path)).toEqual(bytes);
  });

  it('leaves a file alone that is not its own', () => {
    writeFileSync(path, 'apiVersion: v1\nkind: Config\n');
    expect(() => open()).toThrow(/does not begin as an object file does/);
    expect(readFileSync(path, 'utf8')).toBe('apiVersion: v1\nkind: Config\n');
  });

  it('loses nothing that was answered when its process is killed', async () => {
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'testdata/endless-writer.ts'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    const ended = new Promise((resolve) => writer.once('exit', (_code, signal) => resolve(signal)));
    for await (const piece of writer.stdout) {
      said += String(piece);
      if (said.split('\n').length > 500) writer.kill('SIGKILL');
    }
    expect(await ended).toBe('SIGKILL');
    // The last line may itself be cut off.
    const answered = said.split('\n').slice(0, -1).map(Number);

    const storage = open();
    const { objects, resourceVersion } = storage.load();
    storage.close();
    expect(resourceVersion).toBeGreaterThanOrEqual(answered.at(-1) ?? 0);
    const kept = new Set(objects.map((one) => one.key));
    expect(answered.filter((version) => !kept.has(`/configmaps/default/n${version}`))).toEqual([]);
  });

  it('belongs to one process; the lock of one that has gone is taken over', () => {
    const storage = open();
    storage.close();
    const init = 1;
    writeFileSync(`${path}.lock`, String(init));
    expect(() => open()).toThrow(/process 1 has it open/);
    const gone = 2 ** 22 + 1;
    writeFileSync(`${path}.lock`, String(gone));
    open().close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it.each(['put', 'remove'] as const)('keeps the very %s that makes it be written anew', (kind) => {
    const storage = open();
    const large = object('a', 2, JSON.stringify({ data: 'x'.repeat(1024 * 1024) }));
    const larger = object('b', 1, JSON.stringify({ data: 'x'.repeat(2 * 1024 * 1024) }));
    storage.put(larger);
    let version = 1;
    for (let size = 0; size < statSync(path).size; version += 1) {
      size = statSync(path).size;
      // With `a` there the file may be longer before it is written anew, so that taking `a` away makes it due.
      if (kind === 'remove' && version % 2 === 0) storage.remove(large.key, version + 1);
      else storage.put({ ...large, resourceVersion: version + 1 });
    }
    storage.close();

    const again = open();
    const last = kind === 'put' ? [{ ...large, resourceVersion: version }] : [];
    expect(again.load()).toEqual({ objects: [larger, ...last], resourceVersion: version });
    again.close();
  });

  it('is written anew when most of it is past, and keeps the highest version', () => {
    const storage = open();
    const large = JSON.stringify({ data: 'x'.repeat(200_000) });
    for (let version = 2; version < 102; version++) storage.put(object('a', version, large));
    storage.put(object('b', 102));
    storage.remove('/configmaps/default/b', 103);
    storage.close();

    expect(statSync(path).size).toBeLessThan(16 * 1024 * 1024);
    const again = open();
    expect(again.load()).toEqual({ objects: [object('a', 101, large)], resourceVersion: 103 });
    again.close();
  });
});
