/** What an object file does when the disk is full: the one test that has to stand between it and the system. */
import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openFileStorage } from './file-storage.ts';
import type { StoredObject } from './storage.ts';

const disk = { freeBytes: Number.POSITIVE_INFINITY };
const { writeSync } = fs;

/** What imports `writeSync` by name sees `write`, too. */
function useForWriting(write: unknown): void {
  Object.assign(fs, { writeSync: write });
  syncBuiltinESMExports();
}

beforeAll(() => {
  useForWriting((descriptor: number, bytes: Uint8Array, start = 0): number => {
    if (disk.freeBytes === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const length = Math.min(bytes.length - start, disk.freeBytes);
    disk.freeBytes -= length;
    return writeSync(descriptor, bytes, start, length);
  });
});
// Files that run after this one in the same process have the system's again.
afterAll(() => useForWriting(writeSync));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-full-disk-'));
});
afterEach(() => {
  disk.freeBytes = Number.POSITIVE_INFINITY;
  rmSync(folder, { recursive: true });
});

const object = (name: string, resourceVersion: number, text = '{}'): StoredObject => ({ key: `/configmaps/default/${name}`, resourceVersion, text });

test('a change that found no room leaves nothing behind, and those after it are kept', () => {
  const path = join(folder, 'objects');
  const storage = openFileStorage(path, { logger: silentLogger });
  storage.put(object('a', 2));
  disk.freeBytes = 10;
  expect(() => storage.put(object('b', 3))).toThrow('no space left');
  disk.freeBytes = Number.POSITIVE_INFINITY;
  storage.put(object('c', 3));
  storage.close();

  const again = openFileStorage(path, { logger: silentLogger });
  expect(again.load().objects).toEqual([object('a', 2), object('c', 3)]);
  again.close();
});

test('a file that cannot be written anew goes on as it is', () => {
  const path = join(folder, 'objects');
  const logger = new RecordingLogger();
  const storage = openFileStorage(path, { logger });
  const text = JSON.stringify({ data: 'x'.repeat(1024 * 1024) });
  for (let version = 2; version < 9; version += 1) storage.put(object('a', version, text));
  disk.freeBytes = text.length + 1000;
  storage.put(object('a', 9, text));
  disk.freeBytes = Number.POSITIVE_INFINITY;
  expect(logger.events).toContainEqual(expect.objectContaining({ level: 'warn', event: 'object file not written anew' }));
  expect(readdirSync(folder)).not.toContain('objects.new');
  storage.put(object('b', 10));
  storage.close();

  const again = openFileStorage(path, { logger });
  expect(again.load()).toEqual({ objects: [object('a', 9, text), object('b', 10)], resourceVersion: 10 });
  again.close();
});
