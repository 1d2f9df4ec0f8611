/**
 * The last time a revision was woken, phase by phase, as its PodAutoscaler tells it: an annotation in the status, ours. Until a pod is ready nothing is
 * written for it; it travels with the status which is written anyway when the revision becomes active. What activators measured comes with their next report,
 * after the first byte, and may then be a write of its own, for which nobody waits.
 */

/** In `status.annotations` of a PodAutoscaler; the value is JSON of `ColdStartRecord`. */
export const lastColdStartAnnotation = 'autoscaling.sluice.dev/last-cold-start';

/** Durations in whole ms. Phases whose end nobody saw are left out. */
export interface ColdStartRecord {
  /** When load was first heard of, RFC 3339. */
  readonly at: string;
  /** From there until pods were asked for. */
  readonly decideMs: number;
  /** From there until the first pod had an address: until it was made, scheduled, and had a network. */
  readonly createMs?: number;
  /** From there until the first pod was seen to be ready: its images, its start, its program. */
  readonly readyMs?: number;
  /** The two together, by EndpointSlices. */
  readonly podReadyMs: number;
  /** How long whoever woke it waited at the activator until a pod could take the request, which an activator finds out by itself. */
  readonly waitMs?: number;
  /** From there to the head of the response. */
  readonly firstByteMs?: number;
}

/** As an activator measured it. In ms. */
export interface WaitedFor {
  readonly waitMs: number;
  readonly firstByteMs: number;
}

/** On the wall clock, in ms. */
interface Waking {
  readonly heardAtMs: number;
  readonly askedAtMs: number;
  addressAtMs?: number;
  readyAtMs?: number;
  waited?: WaitedFor;
}

export class ColdStartRecords {
  readonly #waking = new Map<string, Waking>();

  /** Pods were asked for where there were none. @param heardAtMs when load was first heard of; undefined: nobody knows, and then nothing is told */
  asked(key: string, heardAtMs: number | undefined, nowMs: number): void {
    if (heardAtMs !== undefined) this.#waking.set(key, { heardAtMs, askedAtMs: nowMs });
  }

  /** What there is of pods. Only the first of each kind counts. */
  seen(key: string, pods: { readonly ready: number; readonly notReady: number }, nowMs: number): void {
    const waking = this.#waking.get(key);
    if (!waking || waking.readyAtMs !== undefined) return;
    if (pods.ready > 0) waking.readyAtMs = nowMs;
    else if (pods.notReady > 0) waking.addressAtMs ??= nowMs;
  }

  /**
   * Its first request has been answered. Of several activators, each of which had one that woke it, who waited longest counts.
   * @returns whether there is something new to tell
   */
  answered(key: string, waited: WaitedFor): boolean {
    const waking = this.#waking.get(key);
    if (!waking || (waking.waited && waking.waited.waitMs >= waited.waitMs)) return false;
    waking.waited = waited;
    return waking.readyAtMs !== undefined;
  }

  /** What is to be told; undefined until a pod is ready. */
  of(key: string): ColdStartRecord | undefined {
    const { heardAtMs, askedAtMs, addressAtMs, readyAtMs, waited } = this.#waking.get(key) ?? {};
    if (heardAtMs === undefined || askedAtMs === undefined || readyAtMs === undefined) return undefined;
    return {
      at: new Date(heardAtMs).toISOString(),
      decideMs: Math.round(askedAtMs - heardAtMs),
      ...(addressAtMs === undefined ? {} : { createMs: Math.round(addressAtMs - askedAtMs), readyMs: Math.round(readyAtMs - addressAtMs) }),
      podReadyMs: Math.round(readyAtMs - askedAtMs),
      ...(waited === undefined ? {} : { waitMs: Math.round(waited.waitMs), firstByteMs: Math.round(waited.firstByteMs) }),
    };
  }

  /** It has not come up, is asleep again, or is somebody else's. */
  forget(key: string): void {
    this.#waking.delete(key);
  }
}
