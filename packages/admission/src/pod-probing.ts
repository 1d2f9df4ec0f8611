/**
 * Which pods of one revision an activator may use, and which it should ask. During a cold start the answer
 * of the pod itself comes before Kubernetes has carried the news of its readiness through the API, so pods
 * that are not ready yet are asked directly. Decisions only; whoever holds this sends the probes.
 * Knative's rules: https://github.com/knative/serving/blob/main/pkg/activator/net/revision_backends.go
 *
 * One address:
 *
 *     ready in Kubernetes ───────────────────────────► usable
 *     not ready ──► asked ──answers "queue"──────────► usable
 *                     │ ▲
 *                     └─┘ anything else: again, a little later each time
 *     usable, was ready, is not ready any more ──────► asked   (it drains, or it is ill)
 *     gone from the endpoints ───────────────────────► forgotten
 */

/** How soon to ask again. */
export interface PodProbingRhythm {
  /** After the first answer that was not "ready". Milliseconds. */
  readonly firstIntervalMs: number;
  /** Each interval is this many times the one before. At least 1. */
  readonly intervalRatio: number;
  /** Intervals do not grow beyond this. Milliseconds. */
  readonly intervalMsMax: number;
}

/**
 * Knative asks every 200 ms, which adds 100 ms to a cold start on average. Asking a pod that starts costs
 * one small request on its own node's loopback or a neighbour's, so the first second is asked through in
 * steps that begin at 20 ms; a pod that takes long ends up at Knative's rhythm.
 */
export const DEFAULT_PROBING_RHYTHM: PodProbingRhythm = { firstIntervalMs: 20, intervalRatio: 1.15, intervalMsMax: 200 };

/** How long one probe may take. Knative's `PROBE_TIMEOUT`. Milliseconds. */
export const PROBE_TIMEOUT_MS = 300;

interface ProbedPod {
  isReady: boolean;
  isUsable: boolean;
  isAsked: boolean;
  intervalMs: number;
  dueAt: number;
  /** Endpoints changed while a probe was under way, so its answer is about the past. */
  isAnswerStale: boolean;
}

export class PodProbing {
  readonly #rhythm: PodProbingRhythm;
  readonly #pods = new Map<string, ProbedPod>();

  constructor(rhythm: PodProbingRhythm = DEFAULT_PROBING_RHYTHM) {
    this.#rhythm = rhythm;
  }

  /** The pods to use, sorted. */
  get usablePods(): string[] {
    return [...this.#pods].filter(([, pod]) => pod.isUsable).map(([address]) => address).sort();
  }

  /** When the next probe is due; undefined when there is nothing to ask or all questions are under way. */
  get nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const pod of this.#pods.values()) {
      if (pod.isUsable || pod.isAsked) continue;
      if (next === undefined || pod.dueAt < next) next = pod.dueAt;
    }
    return next;
  }

  /**
   * What the endpoints say now. Both lists hold `ip:port`.
   * @returns whether the set of usable pods changed
   */
  setEndpoints(ready: readonly string[], notReady: readonly string[], now: number): boolean {
    const wanted = new Map<string, boolean>(notReady.map((address) => [address, false]));
    for (const address of ready) wanted.set(address, true);
    let hasChanged = false;
    for (const [address, pod] of this.#pods) {
      if (wanted.has(address)) continue;
      this.#pods.delete(address);
      if (pod.isUsable) hasChanged = true;
    }
    for (const [address, isReady] of wanted) {
      const pod = this.#pods.get(address);
      if (!pod) {
        this.#pods.set(address, this.#createPod(isReady, now));
        if (isReady) hasChanged = true;
      } else if (this.#updatePod(pod, isReady, now)) {
        hasChanged = true;
      }
    }
    return hasChanged;
  }

  /** The addresses to ask now. Each is then under way until `onProbed`. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [address, pod] of this.#pods) {
      if (pod.isUsable || pod.isAsked || pod.dueAt > now) continue;
      pod.isAsked = true;
      pod.isAnswerStale = false;
      due.push(address);
    }
    return due;
  }

  /**
   * How a probe went. Answers about addresses that are gone, or from before the last change, are dropped.
   * @returns whether the set of usable pods changed
   */
  onProbed(address: string, isReady: boolean, now: number): boolean {
    const pod = this.#pods.get(address);
    if (!pod?.isAsked) return false;
    pod.isAsked = false;
    if (pod.isUsable) return false;
    if (isReady && !pod.isAnswerStale) {
      pod.isUsable = true;
      return true;
    }
    pod.dueAt = now + pod.intervalMs;
    pod.intervalMs = Math.min(pod.intervalMs * this.#rhythm.intervalRatio, this.#rhythm.intervalMsMax);
    return false;
  }

  #createPod(isReady: boolean, now: number): ProbedPod {
    const { firstIntervalMs } = this.#rhythm;
    return { isReady, isUsable: isReady, isAsked: false, isAnswerStale: false, intervalMs: firstIntervalMs, dueAt: now };
  }

  #updatePod(pod: ProbedPod, isReady: boolean, now: number): boolean {
    const wasReady = pod.isReady;
    pod.isReady = isReady;
    if (isReady && !pod.isUsable) {
      pod.isUsable = true;
      return true;
    }
    if (wasReady && !isReady) {
      pod.isUsable = false;
      pod.isAnswerStale = true;
      pod.intervalMs = this.#rhythm.firstIntervalMs;
      pod.dueAt = now;
      return true;
    }
    return false;
  }
}
