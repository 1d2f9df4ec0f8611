/**
 * The last time a revision was woken, as its PodAutoscaler tells it: an annotation in the status, ours, that travels with the status which is written anyway
 * when the revision becomes active. So it costs no write and nobody waits for it. What lies before and after (the activator's wait, the first byte) is in the
 * activator's metrics and traces.
 */

/** In `status.annotations` of a PodAutoscaler; the value is JSON of `ColdStartRecord`. */
export const lastColdStartAnnotation = 'autoscaling.sluice.dev/last-cold-start';

export interface ColdStartRecord {
  /** When load was first heard of, RFC 3339. */
  readonly at: string;
  /** From there until pods were asked for. Milliseconds. */
  readonly decideMs: number;
  /** From there until the first pod was seen to be ready, by its EndpointSlice. Milliseconds. */
  readonly podReadyMs: number;
}

/** On the wall clock, in ms. */
interface Waking {
  readonly heardAtMs: number;
  readonly askedAtMs: number;
}

export class ColdStartRecords {
  readonly #waking = new Map<string, Waking>();

  /** Pods were asked for where there were none. @param heardAtMs when load was first heard of; undefined: nobody knows, and then nothing is told */
  asked(key: string, heardAtMs: number | undefined, nowMs: number): void {
    if (heardAtMs !== undefined) this.#waking.set(key, { heardAtMs, askedAtMs: nowMs });
  }

  /** A pod is ready. Gives what is to be told about it, once. */
  ready(key: string, nowMs: number): ColdStartRecord | undefined {
    const waking = this.#waking.get(key);
    if (!waking) return undefined;
    this.#waking.delete(key);
    const { heardAtMs, askedAtMs } = waking;
    return { at: new Date(heardAtMs).toISOString(), decideMs: Math.round(askedAtMs - heardAtMs), podReadyMs: Math.round(nowMs - askedAtMs) };
  }

  /** It has not come up, is asleep again, or is somebody else's. */
  forget(key: string): void {
    this.#waking.delete(key);
  }
}
