/**
 * A volume's files in a folder, changed all at once as a kubelet does it: `..data` leads to a folder with all of them, names lead through it, and a change swaps where
 * `..data` leads to. A reader sees the old files or the new ones.
 */
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { VolumeFiles } from './volume-content.ts';

const data = '..data';

/** Writes what is different. @returns whether anything was */
export function writeVolume(folder: string, files: VolumeFiles, written: VolumeFiles | undefined): boolean {
  if (written && written.size === files.size && [...files].every(([path, text]) => written.get(path) === text)) return false;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const before = existsSync(join(folder, data)) ? readlinkSync(join(folder, data)) : undefined;
  const now = `..${before === undefined ? 0 : Number(before.slice(2)) + 1}`;
  for (const [path, text] of files) {
    const file = join(folder, now, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o644 });
  }
  // A volume without files is a folder all the same.
  mkdirSync(join(folder, now), { recursive: true });
  symlinkSync(now, join(folder, `${data}_new`));
  renameSync(join(folder, `${data}_new`), join(folder, data));
  const names = new Set([...files.keys()].map((path) => path.split('/')[0] as string));
  for (const name of names) if (!existsSync(join(folder, name))) symlinkSync(join(data, name), join(folder, name));
  for (const name of readdirSync(folder)) if (!name.startsWith('..') && !names.has(name)) unlinkSync(join(folder, name));
  if (before !== undefined) rmSync(join(folder, before), { recursive: true, force: true });
  return true;
}
