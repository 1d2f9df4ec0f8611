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
  /** The clean-up after its end, which may still have to be done. */
  readonly afterEnd?: readonly [string, ...string[]];
}

/** Changes are gathered this long before the file is written, in ms: a cold start does not wait for a disk, and until then the guardian knows. */
const gatherMs = 300;

export class ProcessRecords {
  readonly #path: string;
  readonly #table: ProcessTable;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #records = new Map<number, Omit<ProcessRecord, 'start'> & { start?: string }>();
  #planned = false;

  constructor(path: string, table: ProcessTable, timers: Timers, logger: Logger) {
    this.#path = path;
    this.#table = table;
    this.#timers = timers;
    this.#logger = logger;
  }

  add(pid: number, name: string, afterEnd: ProcessRecord['afterEnd']): void {
    this.#records.set(pid, { pid, name, ...(afterEnd ? { afterEnd } : {}) });
    this.#plan();
  }

  remove(pid: number): void {
    this.#records.delete(pid);
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
      for (const record of this.#records.values()) {
        record.start ??= (await this.#table.startOf(record.pid)) ?? 'ended';
      }
      const records = [...this.#records.values()];
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
  const { pid, start, name, afterEnd } = value as Partial<Record<keyof ProcessRecord, unknown>>;
  const isCommand = afterEnd === undefined || (Array.isArray(afterEnd) && afterEnd.every((part) => typeof part === 'string'));
  return typeof pid === 'number' && pid > 1 && typeof start === 'string' && typeof name === 'string' && isCommand;
}
