/** The last report of each pod about each revision, for people and tools who ask what the load is. */
import type { RevisionLoad } from './revision-load.ts';

/**
 * How long a report stands for its pod, in ms. Chosen: three times the reporting interval, so that one lost
 * report does not make a pod vanish and a dead pod does not linger.
 */
export const loadLifetimeMs = 3_000;

export class LoadStore {
  readonly #lifetimeMs: number;
  readonly #loads = new Map<string, { readonly load: RevisionLoad; readonly until: number }>();

  constructor(lifetimeMs = loadLifetimeMs) {
    this.#lifetimeMs = lifetimeMs;
  }

  record(load: RevisionLoad, now: number): void {
    const key = `${load.namespace}/${load.revision}/${load.podName}/${load.source}`;
    // Moved to the end, so that the oldest come first and expiry stops at the first that is young enough.
    this.#loads.delete(key);
    this.#loads.set(key, { load, until: now + this.#lifetimeMs });
    this.#expire(now);
  }

  /** The reports that still stand, by revision and pod. */
  list(now: number): readonly RevisionLoad[] {
    this.#expire(now);
    return [...this.#loads.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { load }]) => load);
  }

  #expire(now: number): void {
    for (const [key, { until }] of this.#loads) {
      if (until > now) return;
      this.#loads.delete(key);
    }
  }
}
