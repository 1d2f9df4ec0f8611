/**
 * The bytes behind data sources. Files are read once and then remembered; when a file has changed, all are read again,
 * and `generation` says that whoever has used any of them should look.
 */
import { createHash } from 'node:crypto';
import type { DataSource } from '@sluice/resources';

/** The part of the world that data sources need. */
export interface FileAccess {
  /** @throws when it cannot be read */
  read(path: string): Uint8Array;
  variable(name: string): string | undefined;
  /** Calls back when one of `paths` may hold something else than before. */
  watch(paths: () => readonly string[], onChange: () => void): { stop(): void };
}

/** Hears of what is wrong, with a path in the resource. */
export type Report = (path: string, message: string) => void;

export class DataFiles {
  readonly #access: FileAccess;
  readonly #onChange: () => void;
  readonly #files = new Map<string, Uint8Array | Error>();
  #watching: { stop(): void } | undefined;
  #generation = 0;

  constructor(access: FileAccess, onChange: () => void) {
    this.#access = access;
    this.#onChange = onChange;
  }

  /** Another number whenever a file has changed. */
  get generation(): number {
    return this.#generation;
  }

  /** Undefined, and told to `report`, when it cannot be had. */
  bytes(source: DataSource, path: string, report: Report): Uint8Array | undefined {
    switch (source.kind) {
      case 'inline':
        return source.bytes;
      case 'file': {
        const content = this.#read(source.path);
        if (!(content instanceof Error)) return content;
        report(`${path}.filename`, `cannot be read: ${content.message}`);
        return undefined;
      }
      case 'environment': {
        const value = this.#access.variable(source.variable);
        if (value === undefined) report(`${path}.environment_variable`, `${source.variable} is not set`);
        return value === undefined ? undefined : new TextEncoder().encode(value);
      }
    }
  }

  text(source: DataSource, path: string, report: Report): string | undefined {
    const bytes = this.bytes(source, path, report);
    return bytes && new TextDecoder().decode(bytes);
  }

  stop(): void {
    this.#watching?.stop();
  }

  #read(path: string): Uint8Array | Error {
    let content = this.#files.get(path);
    if (content === undefined) {
      content = this.#load(path);
      this.#files.set(path, content);
      this.#watching ??= this.#access.watch(() => [...this.#files.keys()], () => this.#readAgain());
    }
    return content;
  }

  #load(path: string): Uint8Array | Error {
    try {
      return this.#access.read(path);
    } catch (reason) {
      return reason instanceof Error ? reason : new Error(String(reason));
    }
  }

  #readAgain(): void {
    let hasChanged = false;
    for (const [path, before] of this.#files) {
      const now = this.#load(path);
      if (versionOf(before) === versionOf(now)) continue;
      this.#files.set(path, now);
      hasChanged = true;
    }
    if (!hasChanged) return;
    this.#generation += 1;
    this.#onChange();
  }
}

function versionOf(content: Uint8Array | Error): string {
  return content instanceof Error ? `error ${content.message}` : createHash('sha256').update(content).digest('base64');
}

/** Where nothing may be read. */
export const noFiles: FileAccess = {
  read(path) {
    throw new Error(`${path}: this proxy reads no files`);
  },
  variable: () => undefined,
  watch: () => ({ stop() {} }),
};
