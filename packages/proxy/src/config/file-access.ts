/** The real files behind data sources. Read at once and whole: they are small, and configuration is compiled in one piece. */
import { readFileSync } from 'node:fs';
import type { Timers } from '@sluice/kernel';
import type { FileAccess } from '../data-sources.ts';
import { createFileWatcher } from './file-watcher.ts';

/** What may be read at once, in bytes: bundles of roots have a few hundred KiB. */
const fileBytesMax = 16 * 1024 * 1024;

export function createFileAccess(timers: Timers, environment: Readonly<Record<string, string | undefined>> = {}): FileAccess {
  const watcher = createFileWatcher(timers);
  return {
    read(path) {
      const content = readFileSync(path);
      if (content.length > fileBytesMax) throw new Error(`${path} has ${content.length} bytes`);
      return content;
    },
    variable: (name) => environment[name],
    watch: (paths, onChange) => watcher.watch(async () => paths(), onChange),
  };
}
