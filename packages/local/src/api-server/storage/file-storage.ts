/**
 * Objects in one file: a log to which each change is appended as a line, with a checksum in front. What a
 * `put` or `remove` has handed to the system survives the end of the process at any moment; a line that
 * was cut off half-way is the one that nobody was answered for, and is dropped on the next start.
 */
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '@sluice/kernel';
import { lockFile, type FileLock } from './file-lock.ts';
import type { Storage, StoredObject, StoredState } from './storage.ts';

/** The first line; a file that begins otherwise is not ours and is left alone. */
const HEADER = 'sluice objects 1\n';
/** The file is written anew when it is this many times what the live objects need (chosen: amortises to under one extra write per change). */
const COMPACT_RATIO = 4;
/** … but not before it has this many bytes. */
const COMPACT_BYTES_MIN = 8 * 1024 * 1024;
/**
 * After a cut-off line versions go on this much higher, so that a version which a client may have seen
 * before a crash of the whole machine is never given out twice.
 */
const VERSION_GAP = 1000;

export interface FileStorageOptions {
  readonly logger: Logger;
}

/**
 * Opens or makes the file, and keeps other processes off it.
 * @throws Error when another process has it, it is not ours, or it is damaged elsewhere than at its end
 */
export function openFileStorage(path: string, options: FileStorageOptions): Storage {
  return new FileStorage(path, options);
}

class FileStorage implements Storage {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #lock: FileLock;
  readonly #objects = new Map<string, StoredObject>();
  #resourceVersion = 0;
  #descriptor: number;
  /** Where the next line goes. */
  #fileBytes: number;
  /** What the live objects would take in a file of their own. */
  #liveBytes = 0;

  constructor(path: string, { logger }: FileStorageOptions) {
    this.#path = path;
    this.#logger = logger;
    mkdirSync(dirname(path), { recursive: true });
    this.#lock = lockFile(path);
    this.#descriptor = openSync(path, 'a+', 0o600);
    try {
      this.#fileBytes = this.#replay(readFileSync(path));
    } catch (error) {
      closeSync(this.#descriptor);
      this.#lock.release();
      throw error;
    }
  }

  load(): StoredState {
    return { objects: [...this.#objects.values()], resourceVersion: this.#resourceVersion };
  }

  put(object: StoredObject): void {
    this.#append(formatPut(object));
    this.#keep(object);
    this.#compactIfDue();
  }

  remove(key: string, resourceVersion: number): void {
    this.#append(formatRemove(key, resourceVersion));
    this.#forget(key, resourceVersion);
    this.#compactIfDue();
  }

  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    this.#lock.release();
  }

  #append(line: string): void {
    const bytes = Buffer.from(line);
    try {
      writeAll(this.#descriptor, bytes);
    } catch (error) {
      // The disk is full, say. Half a line would swallow the next one.
      ftruncateSync(this.#descriptor, this.#fileBytes);
      throw error;
    }
    this.#fileBytes += bytes.length;
  }

  /** The change that makes it due has been kept, and must be in the new file. */
  #compactIfDue(): void {
    if (this.#fileBytes <= COMPACT_BYTES_MIN || this.#fileBytes <= this.#liveBytes * COMPACT_RATIO) return;
    try {
      this.#compact();
    } catch (error) {
      // Nothing is lost by a file that is longer than it need be; half of a new one only takes room.
      rmSync(this.#newPath, { force: true });
      this.#logger.warn('object file not written anew', { path: this.#path, error });
    }
  }

  #keep(object: StoredObject): void {
    const previous = this.#objects.get(object.key);
    this.#liveBytes += sizeOf(object) - (previous ? sizeOf(previous) : 0);
    this.#objects.set(object.key, object);
    this.#resourceVersion = Math.max(this.#resourceVersion, object.resourceVersion);
  }

  #forget(key: string, resourceVersion: number): void {
    const previous = this.#objects.get(key);
    if (previous) this.#liveBytes -= sizeOf(previous);
    this.#objects.delete(key);
    this.#resourceVersion = Math.max(this.#resourceVersion, resourceVersion);
  }

  /** Reads the whole file; the answer is where it ends once a cut-off line is gone. */
  #replay(content: Buffer): number {
    if (content.length < HEADER.length && HEADER.startsWith(content.toString('latin1'))) {
      // New, or cut off within its first line.
      ftruncateSync(this.#descriptor, 0);
      writeAll(this.#descriptor, Buffer.from(HEADER));
      return HEADER.length;
    }
    if (content.toString('latin1', 0, HEADER.length) !== HEADER) {
      throw new Error(`read ${this.#path}: it does not begin as an object file does`);
    }
    let at = HEADER.length;
    while (at < content.length) {
      const end = content.indexOf(10, at);
      const isWhole = end >= 0 && this.#replayLine(content.toString('utf8', at, end));
      if (!isWhole) return this.#dropTail(content, at, end);
      at = end + 1;
    }
    return at;
  }

  #replayLine(line: string): boolean {
    const parsed = parseLine(line);
    if (!parsed) return false;
    if (parsed.kind === 'put') this.#keep(parsed.object);
    else this.#forget(parsed.key, parsed.resourceVersion);
    return true;
  }

  /** Only the last line can be half written. Anything else is damage that must not be papered over. */
  #dropTail(content: Buffer, at: number, end: number): number {
    if (end >= 0 && end + 1 < content.length) {
      throw new Error(`read ${this.#path}: the line at byte ${at} is damaged, and others follow it`);
    }
    this.#logger.warn('half-written change dropped', { path: this.#path, atByte: at, droppedBytes: content.length - at });
    ftruncateSync(this.#descriptor, at);
    this.#resourceVersion += VERSION_GAP;
    return at;
  }

  get #newPath(): string {
    return `${this.#path}.new`;
  }

  /** Writes the live objects into a new file and puts it in the old one's place in one step. */
  #compact(): void {
    // The version outlives the objects that had it.
    const parts = [HEADER, formatRemove('', this.#resourceVersion)];
    for (const object of this.#objects.values()) parts.push(formatPut(object));
    const bytes = Buffer.from(parts.join(''));
    const descriptor = openSync(this.#newPath, 'w', 0o600);
    try {
      writeAll(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(this.#newPath, this.#path);
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#path, 'a+', 0o600);
    this.#fileBytes = bytes.length;
  }
}

type Line =
  | { readonly kind: 'put'; readonly object: StoredObject }
  | { readonly kind: 'remove'; readonly key: string; readonly resourceVersion: number };

/** `<crc32 of the rest> + <key> <version> <text>`; JSON text has no line ends of its own. */
function formatPut({ key, resourceVersion, text }: StoredObject): string {
  return withChecksum(`+ ${key} ${resourceVersion} ${text}`);
}

/** `<crc32 of the rest> - <key> <version>`; an empty key only raises the version. */
function formatRemove(key: string, resourceVersion: number): string {
  return withChecksum(`- ${key} ${resourceVersion}`);
}

function withChecksum(rest: string): string {
  return `${crc32(rest).toString(16).padStart(8, '0')} ${rest}\n`;
}

function parseLine(line: string): Line | undefined {
  const rest = line.slice(9);
  if (line.slice(0, 8) !== crc32(rest).toString(16).padStart(8, '0')) return undefined;
  const match = /^([+-]) (\S*) (\d+)(?: (.*))?$/s.exec(rest);
  if (!match) return undefined;
  const [, sign, key = '', version = '', text = ''] = match;
  const resourceVersion = Number(version);
  return sign === '+' ? { kind: 'put', object: { key, resourceVersion, text } } : { kind: 'remove', key, resourceVersion };
}

/** What one object adds to a compact file, about. */
function sizeOf(object: StoredObject): number {
  return object.key.length + object.text.length + 24;
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}
