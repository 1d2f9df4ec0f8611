/** A file that remembers the process groups of a kubelet, so that its next run can end what this one left behind. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger, Timers } from '@sluice/kernel';
import type { ProcessTable } from './process-table.ts';

export interface ProcessRecord {
  readonly pid: number;
  /** Tells this process from a later one with the same pid. */
  readonly start: string;
  /** For people who look into the file: `namespace/pod/container`. */
  readonly name: string;
}

/** Changes are gathered this long before the file is written, in ms: a cold start does not wait for a disk. */
const gatherMs = 20;

export class ProcessRecords {
  readonly #path: string;
  readonly #table: ProcessTable;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #names = new Map<number, string>();
  readonly #starts = new Map<number, string>();
  #planned = false;

  constructor(path: string, table: ProcessTable, timers: Timers, logger: Logger) {
    this.#path = path;
    this.#table = table;
    this.#timers = timers;
    this.#logger = logger;
  }

  add(pid: number, name: string): void {
    this.#names.set(pid, name);
    this.#plan();
  }

  remove(pid: number): void {
    this.#names.delete(pid);
    this.#starts.delete(pid);
    this.#plan();
  }

  /** What the run before this one recorded. A file that cannot be read holds nothing. */
  load(): readonly ProcessRecord[] {
    try {
      const parsed: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return Array.isArray(parsed) ? parsed.filter(isRecord) : [];
    } catch {
      return [];
    }
  }

  /** Writes what is left, now. */
  async flush(): Promise<void> {
    this.#planned = false;
    try {
      for (const pid of this.#names.keys()) {
        if (this.#starts.has(pid)) continue;
        const start = await this.#table.startOf(pid);
        if (start !== undefined && this.#names.has(pid)) this.#starts.set(pid, start);
      }
      const records = [...this.#starts].map(([pid, start]) => ({ pid, start, name: this.#names.get(pid) ?? '' }));
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(`${this.#path}.new`, JSON.stringify(records));
      renameSync(`${this.#path}.new`, this.#path);
    } catch (reason) {
      this.#logger.warn('process records not written', { path: this.#path, error: reason });
    }
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.#timers.after(gatherMs, () => void this.flush());
  }
}

function isRecord(value: unknown): value is ProcessRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, start, name } = value as Partial<Record<keyof ProcessRecord, unknown>>;
  return typeof pid === 'number' && pid > 1 && typeof start === 'string' && typeof name === 'string';
}
