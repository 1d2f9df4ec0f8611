/**
 * Where the time of a cold start went. Five moments come from four places (the activator, the API server,
 * the kubelet twice, the activator again); this joins them by revision and says how long each phase took.
 */

/** Moments in ms since the epoch, with fractions. */
export interface ColdStartFacts {
  readonly revision: string;
  /** The first request reached the activator. */
  readonly arrivedAtMs: number;
  /** The activator got a pod that could take it. */
  readonly forwardedAtMs: number;
  /** The first byte of the answer came back. */
  readonly firstByteAtMs: number;
}

export type PodMoment = 'created' | 'started' | 'ready';

export interface ColdStartPhase {
  readonly name: 'decide' | 'create' | 'start' | 'ready' | 'first byte';
  readonly ms: number;
}

export interface ColdStart {
  readonly revision: string;
  readonly totalMs: number;
  readonly phases: readonly ColdStartPhase[];
}

interface Waking {
  /** When the autoscaler first asked for pods. */
  decidedAtMs: number | undefined;
  /** Earliest of each moment over the pods of this waking. */
  readonly moments: Map<PodMoment, number>;
}

export class ColdStartJoin {
  readonly #waking = new Map<string, Waking>();

  /** The autoscaler asked for pods where there were none: a new waking begins. */
  decided(revision: string, atMs: number): void {
    this.#waking.set(revision, { decidedAtMs: atMs, moments: new Map() });
  }

  /** Something happened to a pod of the revision. The first pod to get there counts. */
  pod(revision: string, moment: PodMoment, atMs: number): void {
    const moments = this.#wakingOf(revision).moments;
    if (!moments.has(moment)) moments.set(moment, atMs);
  }

  /**
   * The first request was answered. Phases with a moment that nobody reported are folded into the next
   * one, so that the phases always add up to the total.
   */
  answered(facts: ColdStartFacts): ColdStart {
    const { decidedAtMs, moments } = this.#wakingOf(facts.revision);
    const ends: [ColdStartPhase['name'], number | undefined][] = [
      ['decide', decidedAtMs],
      ['create', moments.get('created')],
      ['start', moments.get('started')],
      // The activator's own probe may succeed before the kubelet's: what the request waited for counts.
      ['ready', facts.forwardedAtMs],
      ['first byte', facts.firstByteAtMs],
    ];
    const phases: ColdStartPhase[] = [];
    let from = facts.arrivedAtMs;
    for (const [name, at] of ends) {
      if (at === undefined || at < from) continue;
      phases.push({ name, ms: at - from });
      from = at;
    }
    this.#waking.delete(facts.revision);
    return { revision: facts.revision, totalMs: facts.firstByteAtMs - facts.arrivedAtMs, phases };
  }

  #wakingOf(revision: string): Waking {
    let waking = this.#waking.get(revision);
    if (!waking) {
      waking = { decidedAtMs: undefined, moments: new Map() };
      this.#waking.set(revision, waking);
    }
    return waking;
  }
}
