/**
 * Watches files for any kind of save: writing in place, renaming over, exchanging a symbolic link above (as Kubernetes
 * does for ConfigMaps), deleting and creating anew. The system's notices are hints only, since some are lost (on network
 * file systems, when a directory is replaced): what counts is a signature of the files, looked at after each hint and
 * every two seconds. Contents are read only when a file's size, times or identity are not what they were.
 */
import type { Buffer } from 'node:buffer';
import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { formatContentHash, hashContent, type Timer, type Timers } from '@sluice/kernel';
import { readFile, realpath, stat } from './file-calls.ts';

/** Tells that something may have changed. Tests bring their own. */
export interface FileWatcher {
  /**
   * `onChange` is called once when watching has begun, since something may have changed between reading the files and that.
   * @param files names what to watch, asked anew at each look; fails when there is nothing to be found
   */
  watch(files: () => Promise<readonly string[]>, onChange: () => void): { stop(): void };
}

/** How often to look without a hint, in ms. Chosen: reading some files costs microseconds, and it is the second resort. */
const lookPeriodMs = 2_000;

export function createFileWatcher(timers: Timers): FileWatcher {
  return {
    watch(files, onChange) {
      const watching = new Watching(files, onChange);
      const timer: Timer = timers.every(lookPeriodMs, () => watching.look());
      watching.look();
      return {
        stop() {
          timer.cancel();
          watching.stop();
        },
      };
    },
  };
}

class Watching {
  readonly #files: () => Promise<readonly string[]>;
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #signature: string | undefined;
  /** What the system said of the files when they were last read. */
  #stats: string | undefined;
  #isLooking = false;
  #looksAgain = false;
  #isStopped = false;

  constructor(files: () => Promise<readonly string[]>, onChange: () => void) {
    this.#files = files;
    this.#onChange = onChange;
  }

  /** Whether anything has changed since the last look. The first has nothing to compare with. */
  look(): void {
    if (this.#isStopped) return;
    if (this.#isLooking) {
      this.#looksAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#lookOnce().finally(() => {
      this.#isLooking = false;
      if (!this.#looksAgain) return;
      this.#looksAgain = false;
      this.look();
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #lookOnce(): Promise<void> {
    const files = await this.#files().catch(() => []);
    // Watching begins before reading, so that nothing can change unseen in between.
    await this.#follow(files);
    const stats = (await Promise.all(files.map(statOf))).join('\n');
    if (stats === this.#stats) return;
    const contents = await Promise.all(files.map((file) => readFile(file).catch(() => undefined)));
    const signature = files.map((file, index) => `${file}\0${signatureOf(contents[index])}`).join('\0');
    this.#stats = stats;
    if (this.#isStopped || signature === this.#signature) return;
    this.#signature = signature;
    this.#onChange();
  }

  /** Directories, since files come and go: those of the names, and those of what links lead to. */
  async #follow(files: readonly string[]): Promise<void> {
    const wanted = new Set<string>();
    for (const file of files) {
      wanted.add(dirname(file));
      const real = await realpath(file).catch(() => undefined);
      if (real !== undefined) wanted.add(dirname(real));
    }
    // With nothing to be found, those of before are where it may come back.
    if (files.length > 0) this.#forget(wanted);
    for (const directory of wanted) this.#watchDirectory(directory);
  }

  #forget(wanted: ReadonlySet<string>): void {
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
  }

  #watchDirectory(directory: string): void {
    if (this.#isStopped || this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.look());
      // A directory that has gone is watched again when it is back; until then there is the regular look.
      watcher.on('error', () => this.#drop(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // Not there, or no more watches to be had: the regular look remains.
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}

/** Changes with every write, whatever a program does to the times that it may set: those of the inode it may not. */
async function statOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? file : `${file}:${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

function signatureOf(content: Buffer | undefined): string {
  return content ? `${content.length} ${formatContentHash(hashContent(content))}` : 'none';
}
