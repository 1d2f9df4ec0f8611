/**
 * The bytes behind data sources. Files are read once and then remembered; when a file has changed, all are read again,
 * and `generation` says that whoever has used any of them should look.
 */
import { createHash } from 'node:crypto';
import type { DataSource } from '@sluice/resources';
import { bytesOf, type FileAccess } from '../data-sources.ts';

/** Hears of what is wrong, with a path in the resource. */
export type Report = (path: string, message: string) => void;

export class DataFiles {
  readonly #access: FileAccess;
  readonly #onChange: () => void;
  readonly #files = new Map<string, Uint8Array | Error>();
  readonly #known: Pick<FileAccess, 'read' | 'variable'> = { read: (path) => this.#read(path), variable: (name) => this.#access.variable(name) };
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
    try {
      return bytesOf(source, this.#known);
    } catch (reason) {
      report(`${path}.${source.kind === 'file' ? 'filename' : 'environment_variable'}`, `cannot be read: ${(reason as Error).message}`);
      return undefined;
    }
  }

  text(source: DataSource, path: string, report: Report): string | undefined {
    const bytes = this.bytes(source, path, report);
    return bytes && new TextDecoder().decode(bytes);
  }

  stop(): void {
    this.#watching?.stop();
  }

  /** @throws what reading it threw, also when that was long ago */
  #read(path: string): Uint8Array {
    let content = this.#files.get(path);
    if (content === undefined) {
      content = this.#load(path);
      this.#files.set(path, content);
      this.#watching ??= this.#access.watch(() => [...this.#files.keys()], () => this.#readAgain());
    }
    if (content instanceof Error) throw content;
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
