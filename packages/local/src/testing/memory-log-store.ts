/** Container logs in memory, bounded by a number of characters per run. */
import type { Clock } from '@sluice/kernel';
import { ContainerLog } from '../kubelet/container-log.ts';
import type { LogKey, LogStore, StoredLog } from '../kubelet/log-store.ts';

/** The older half is dropped when a run has written more than this. */
const charactersMax = 256 * 1024;

export class MemoryLogStore implements LogStore {
  readonly #clock: Clock;
  readonly #runs = new Map<string, ContainerLog[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(key: LogKey, _run: number): ContainerLog {
    let kept = '';
    const log = new ContainerLog(this.#clock, {
      append(text) {
        kept += text;
        if (kept.length > charactersMax) kept = kept.slice(kept.indexOf('\n', kept.length - charactersMax / 2) + 1);
      },
      read: () => Promise.resolve(kept),
      close() {},
    });
    const id = `${key.podUid}/${key.container}`;
    this.#runs.set(id, [...(this.#runs.get(id) ?? []), log].slice(-2));
    return log;
  }

  find(key: LogKey, previous: boolean): Promise<StoredLog | undefined> {
    const runs = this.#runs.get(`${key.podUid}/${key.container}`) ?? [];
    return Promise.resolve(previous ? runs.at(-2) : runs.at(-1));
  }

  remove({ podUid }: Omit<LogKey, 'container'>): void {
    for (const id of this.#runs.keys()) if (id.startsWith(`${podUid}/`)) this.#runs.delete(id);
  }
}
