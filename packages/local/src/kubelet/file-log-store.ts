/**
 * Logs as files under one folder, laid out as a kubelet does it:
 * `<namespace>_<pod>_<uid>/<container>/<run>.log`, with `.log.1` for what was rotated away.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, read, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Counter, Logger, Meter, Timers } from '@sluice/kernel';
import { ContainerLog, type LogSegments } from './container-log.ts';
import type { LogKey, LogStore, StoredLog } from './log-store.ts';

export interface FileLogStoreOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /**
   * A file is rotated at this size, and one rotated file is kept. Default 10 MiB, as the kubelet's
   * `containerLogMaxSize`; it keeps five, which is more than a laptop wants.
   */
  readonly fileBytesMax?: number;
}

/** Lines are gathered this long before they are written, in ms. Chosen: one write for a burst of lines. */
const gatherMs = 20;

export class FileLogStore implements LogStore {
  readonly #options: FileLogStoreOptions;
  /** Logs of containers of this kubelet's run, newest run last. */
  readonly #open = new Map<string, { readonly run: number; readonly log: ContainerLog }[]>();
  readonly #failures: Counter;

  constructor(options: FileLogStoreOptions) {
    this.#options = options;
    this.#failures = options.meter.counter('kubelet_log_write_failures_total', 'Writes of container logs that failed.');
  }

  open(key: LogKey, run: number): ContainerLog {
    const { clock, timers, fileBytesMax = 10 * 1024 * 1024 } = this.#options;
    const folder = this.#folderOf(key);
    const segments = new FileSegments(join(folder, `${run}.log`), fileBytesMax, timers, (reason) => {
      this.#failures.add();
      this.#options.logger.warn('log write failed', { ...key, error: reason });
    });
    const log = new ContainerLog(clock, segments);
    const id = idOf(key);
    const runs = [...(this.#open.get(id) ?? []), { run, log }].slice(-2);
    this.#open.set(id, runs);
    this.#removeRunsBefore(folder, run - 1);
    return log;
  }

  async find(key: LogKey, previous: boolean): Promise<StoredLog | undefined> {
    const runs = this.#runsOnDisk(key);
    const open = this.#open.get(idOf(key)) ?? [];
    const latest = open.at(-1)?.run ?? runs.at(-1);
    if (latest === undefined) return undefined;
    const wanted = previous ? latest - 1 : latest;
    const held = open.find(({ run }) => run === wanted);
    if (held) return held.log;
    if (!runs.includes(wanted)) return undefined;
    const path = join(this.#folderOf(key), `${wanted}.log`);
    return {
      read: () => readSegments(path),
      follow(follower) {
        follower.onEnd();
        return () => {};
      },
    };
  }

  remove(key: Omit<LogKey, 'container'>): void {
    const prefix = `${key.podUid}/`;
    for (const id of this.#open.keys()) if (id.startsWith(prefix)) this.#open.delete(id);
    try {
      rmSync(this.#podFolderOf(key), { recursive: true, force: true });
    } catch (reason) {
      this.#options.logger.warn('log removal failed', { ...key, error: reason });
    }
  }

  #podFolderOf({ namespace, pod, podUid }: Omit<LogKey, 'container'>): string {
    return join(this.#options.folder, `${namespace}_${pod}_${podUid}`);
  }

  #folderOf(key: LogKey): string {
    return join(this.#podFolderOf(key), key.container);
  }

  #runsOnDisk(key: LogKey): number[] {
    const folder = this.#folderOf(key);
    if (!existsSync(folder)) return [];
    const runs = readdirSync(folder).filter((name) => /^\d+\.log$/.test(name)).map((name) => Number.parseInt(name, 10));
    return runs.sort((a, b) => a - b);
  }

  #removeRunsBefore(folder: string, run: number): void {
    if (run <= 0 || !existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      if (Number.parseInt(name, 10) < run) rmSync(join(folder, name), { force: true });
    }
  }
}

function idOf({ podUid, container }: LogKey): string {
  return `${podUid}/${container}`;
}

/** All of a run's files, as they are when this is called: what is written or rotated later does not show. */
async function readSegments(path: string): Promise<string> {
  const opened = [`${path}.1`, path].flatMap((file) => (existsSync(file) ? [openSync(file, 'r')] : []));
  const sizes = opened.map((file) => fstatSync(file).size);
  try {
    const parts = await Promise.all(opened.map((file, index) => readBytes(file, sizes[index] as number)));
    return Buffer.concat(parts).toString('utf8');
  } finally {
    for (const file of opened) closeSync(file);
  }
}

async function readBytes(file: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await promisify(read)(file, Buffer.alloc(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

/** One current file and one rotated. Lines wait in memory for a moment and are then written in one go. */
class FileSegments implements LogSegments {
  readonly #path: string;
  readonly #bytesMax: number;
  readonly #timers: Timers;
  readonly #onFailure: (reason: unknown) => void;
  #file: number | undefined;
  #bytes = 0;
  #waiting = '';
  #failed = false;

  constructor(path: string, bytesMax: number, timers: Timers, onFailure: (reason: unknown) => void) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#timers = timers;
    this.#onFailure = onFailure;
  }

  append(text: string): void {
    if (this.#waiting === '') this.#timers.after(gatherMs, () => this.#flush());
    this.#waiting += text;
  }

  read(): Promise<string> {
    this.#flush();
    return readSegments(this.#path);
  }

  close(): void {
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '' || this.#failed) return;
    try {
      this.#write(Buffer.from(text));
    } catch (reason) {
      // A full disk must not take the kubelet down; the log of this run ends here.
      this.#failed = true;
      this.#onFailure(reason);
    }
  }

  #write(bytes: Buffer): void {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#rotate();
    if (this.#file === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#file = openSync(this.#path, 'a');
    }
    writeSync(this.#file, bytes);
    this.#bytes += bytes.length;
  }

  #rotate(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    renameSync(this.#path, `${this.#path}.1`);
    this.#bytes = 0;
  }
}
