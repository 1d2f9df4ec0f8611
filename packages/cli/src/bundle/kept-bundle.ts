/**
 * A bundle that is made again only when one of the files it was made of has changed: making one takes longer than starting all else of a local
 * mesh. Each goes into a folder of its own, so that meshes which run go on with theirs.
 */
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

interface Kept {
  /** What made it, which makes others otherwise. */
  readonly node: string;
  readonly file: string;
  /** Path, time of the last change in ms, bytes. */
  readonly inputs: readonly (readonly [string, number, number])[];
}

/** What nobody has made for so long, in ms, no mesh runs on any more. Chosen: a week. */
const forgottenAfterMs = 7 * 24 * 3_600_000;

/**
 * Gives the path of a bundle of `entry`.
 * @param folders where to keep it; the first that can be written
 */
export async function keptBundle(name: string, entry: string, folders: readonly [string, ...string[]]): Promise<string> {
  const folder = await firstWritable(folders);
  const index = join(folder, `${name}.json`);
  const known = await readKept(index);
  if (known && known.node === process.version && (await isAsItWas(known))) return known.file;
  const target = await mkdtemp(join(folder, `${name}-`));
  // What makes bundles decides what they are, too.
  const inputs = new Set(await makers());
  const file = await bundle(name, entry, target, { inputs });
  const kept: Kept = { node: process.version, file, inputs: await Promise.all([...inputs].sort().map(lookAt)) };
  const fresh = `${index}.${process.pid}`;
  await writeFile(fresh, JSON.stringify(kept));
  // Moved into place whole: another mesh may look at this moment.
  await rename(fresh, index);
  await forget(folder, name, target);
  return file;
}

async function makers(): Promise<string[]> {
  return (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).map((name) => join(import.meta.dirname, name));
}

async function firstWritable(folders: readonly [string, ...string[]]): Promise<string> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
      await rm(await mkdtemp(join(folder, '.can-write-')), { recursive: true });
      return folder;
    } catch {
      // The next one, then.
    }
  }
  return folders.at(-1) as string;
}

async function readKept(index: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(index, 'utf8')) as Kept;
  } catch {
    return undefined;
  }
}

async function isAsItWas({ file, inputs }: Kept): Promise<boolean> {
  try {
    await stat(file);
    const now = await Promise.all(inputs.map(([path]) => lookAt(path)));
    return now.every(([, changedAt, bytes], index) => inputs[index]?.[1] === changedAt && inputs[index][2] === bytes);
  } catch {
    return false;
  }
}

async function lookAt(path: string): Promise<readonly [string, number, number]> {
  const { mtimeMs, size } = await stat(path);
  return [path, mtimeMs, size];
}

async function forget(folder: string, name: string, target: string): Promise<void> {
  const former = (await readdir(folder)).filter((entry) => entry.startsWith(`${name}-`)).map((entry) => join(folder, entry));
  for (const path of former) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (path !== target && Date.now() - mtimeMs > forgottenAfterMs) await rm(path, { recursive: true, force: true });
  }
}
