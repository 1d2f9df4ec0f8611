/**
 * Who of those that want one revision may go, and to which pod. Requests for a sleeping revision wait here
 * in order; as pods come up, each takes as many as its limit allows, and what ends makes room for the next.
 *
 * Knative guards the sum of all pods with one breaker and then looks for a pod
 * (https://github.com/knative/serving/blob/main/pkg/activator/net/throttler.go). Here the trackers alone
 * decide: a request goes exactly when a pod has room. See the package's README for why.
 */
import type { Lease, Random } from '@sluice/kernel';
import { assignPods, SOLE_ACTIVATOR, type ActivatorShare } from './assign-pods.ts';
import { createPodPolicy, type PodPolicy } from './pod-policy.ts';
import { PodTracker } from './pod-tracker.ts';
import { WaitingList, WaitingListEntry } from './waiting-list.ts';

/** How many requests of one revision may wait in one activator. Knative's `breakerQueueDepth`. */
export const THROTTLER_QUEUE_DEPTH = 10_000;

export interface ThrottlerOptions {
  /** Requests one pod may have at once; 0 means no limit. */
  readonly containerConcurrency: number;
  /** Default `THROTTLER_QUEUE_DEPTH`. */
  readonly queueDepth?: number;
  readonly random: Random;
}

/** What a waiting request is told, exactly once, unless it gives up first. */
export interface AssignmentWaiter {
  /** Its turn: `assignment.address` is set. */
  onAssigned(): void;
  /** The revision is gone; there will never be a turn. */
  onRefused(): void;
}

/**
 * A place at a pod, or in the queue for one. `release` gives back whichever it is, once, and belongs at the
 * *end* of the stream; calling it for a waiting assignment means giving up.
 */
export class Assignment extends WaitingListEntry implements Lease {
  readonly waiter: AssignmentWaiter;
  readonly #throttler: Throttler;
  /** Set while a place at a pod is held. */
  tracker: PodTracker | undefined;

  constructor(throttler: Throttler, waiter: AssignmentWaiter) {
    super();
    this.#throttler = throttler;
    this.waiter = waiter;
  }

  /** `ip:port` of the pod to use; undefined while waiting and after release. */
  get address(): string | undefined {
    return this.tracker?.address;
  }

  release(): void {
    this.#throttler.release(this);
  }
}

/** The throttler of one revision in one activator. */
export class Throttler {
  readonly containerConcurrency: number;
  readonly #queueDepth: number;
  readonly #policy: PodPolicy;
  readonly #waiting = new WaitingList<Assignment>();
  /** Every pod with a request of ours, and every pod that is usable: one that left keeps its count till it is idle. */
  readonly #trackers = new Map<string, PodTracker>();
  #pods: readonly string[] = [];
  /** The Service in place of its pods, of which so many are behind it. */
  #service: { readonly address: string; readonly pods: number } | undefined;
  #share: ActivatorShare = SOLE_ACTIVATOR;
  #assigned: readonly PodTracker[] = [];
  #capacity = 0;
  #inFlight = 0;
  #isAssigning = false;
  #isClosed = false;

  constructor(options: ThrottlerOptions) {
    this.containerConcurrency = options.containerConcurrency;
    this.#queueDepth = options.queueDepth ?? THROTTLER_QUEUE_DEPTH;
    this.#policy = createPodPolicy(options.containerConcurrency, options.random);
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many are at a pod. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many may be at pods at once: 0 without a usable pod, Infinity without a limit. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The pods this activator may use, sorted. */
  get assignedPods(): readonly string[] {
    return this.#assigned.map((tracker) => tracker.address);
  }

  /**
   * Asks for a place. The assignment has an address at once when a pod has room and nobody waits; else the
   * waiter is told, never from within this call.
   * @returns undefined when the queue is full or the throttler is closed
   */
  acquire(waiter: AssignmentWaiter): Assignment | undefined {
    if (this.#isClosed) return undefined;
    const assignment = new Assignment(this, waiter);
    const tracker = this.#waiting.length === 0 ? this.#policy(this.#assigned) : undefined;
    if (tracker) {
      assignment.tracker = tracker;
      this.#inFlight += 1;
    } else if (this.#waiting.length < this.#queueDepth) {
      this.#waiting.push(assignment);
    } else {
      return undefined;
    }
    return assignment;
  }

  /** Sets which pods can be used, in any order. Those no longer named get nothing new; what runs there goes on. */
  setPods(addresses: readonly string[]): void {
    this.#service = undefined;
    this.#pods = [...new Set(addresses)].sort();
    this.#reassign();
  }

  /** Sets one address for all pods, which somebody else chooses among: as many at once as all of them may have, or this activator's part of it. */
  setService(address: string, pods: number): void {
    this.#service = { address, pods };
    this.#reassign();
  }

  /** Sets which of several activators this one is. */
  setShare(share: ActivatorShare): void {
    this.#share = share;
    this.#reassign();
  }

  /** The revision is gone: everyone who waits is refused, and so is everyone who comes. What runs goes on. */
  close(): void {
    this.#isClosed = true;
    for (let assignment = this.#waiting.shift(); assignment; assignment = this.#waiting.shift()) {
      assignment.waiter.onRefused();
    }
  }

  /** What `Assignment.release` does. Idempotent. */
  release(assignment: Assignment): void {
    const { tracker } = assignment;
    if (tracker) {
      assignment.tracker = undefined;
      tracker.release();
      this.#inFlight -= 1;
      if (tracker.inFlight === 0 && !this.#assigned.includes(tracker)) this.#trackers.delete(tracker.address);
      this.#assignWaiting();
    } else if (assignment.list) {
      this.#waiting.remove(assignment);
    }
  }

  #reassign(): void {
    const before = this.#assigned;
    this.#assigned = this.#service ? this.#assignService(this.#service) : assignPods(this.#pods, this.containerConcurrency, this.#share).map((address) => this.#trackerOf(address));
    this.#capacity = this.#assigned.reduce((sum, tracker) => sum + tracker.capacity, 0);
    for (const tracker of before) {
      if (tracker.inFlight === 0 && !this.#assigned.includes(tracker)) this.#trackers.delete(tracker.address);
    }
    this.#assignWaiting();
  }

  /** Knative's share: of all places an equal part, and one at least where there is a pod at all. */
  #assignService({ address, pods }: { readonly address: string; readonly pods: number }): readonly PodTracker[] {
    if (pods === 0) return [];
    const tracker = this.#trackerOf(address);
    if (this.containerConcurrency > 0) tracker.capacity = Math.max(1, Math.floor((this.containerConcurrency * pods) / Math.max(1, this.#share.count)));
    return [tracker];
  }

  #trackerOf(address: string): PodTracker {
    let tracker = this.#trackers.get(address);
    if (!tracker) {
      tracker = new PodTracker(address, this.containerConcurrency || Number.POSITIVE_INFINITY);
      this.#trackers.set(address, tracker);
    }
    return tracker;
  }

  /** A waiter that releases from within its call comes back here; the outer loop then goes on. */
  #assignWaiting(): void {
    if (this.#isAssigning) return;
    this.#isAssigning = true;
    while (this.#waiting.length > 0) {
      const tracker = this.#policy(this.#assigned);
      if (!tracker) break;
      const assignment = this.#waiting.shift() as Assignment;
      assignment.tracker = tracker;
      this.#inFlight += 1;
      assignment.waiter.onAssigned();
    }
    this.#isAssigning = false;
  }
}
