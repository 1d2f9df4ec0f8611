/**
 * One of several replicas leads, by a Lease that it renews.
 *
 *     following ──free, and the write went through──► leading
 *         ▲                                              │  not renewed within the deadline, taken by another, stopped
 *         └──────────────────────────────────────────────┘
 *
 * Two never lead at once. Whoever leads does so until `renewDeadlineMs` after the *beginning* of its last successful write;
 * whoever follows takes over when it has seen the same record for `leaseDurationMs` since the *end* of a read. Each measures on
 * its own monotonic clock, so it does not matter how far wall clocks differ, how long requests are under way, or whether an
 * answer gets lost. What does matter is that clocks run at about the same speed: they may differ by the share that the deadline
 * is shorter than the duration, a third by default; and what a leader has sent before its deadline must have arrived, or been
 * given up, within the difference of the two. `term` is for fences behind that.
 */
import type { Clock, Logger, Meter, Random, Timer, Timers } from '@sluice/kernel';
import { isAlreadyExists, isConflict, isNotFound } from '../api-error.ts';
import { leases } from '../builtin-kinds.ts';
import type { KubernetesClient } from '../client.ts';
import type { ObjectReference } from '../object.ts';
import type { Lease } from '../objects/cluster.ts';
import { isFree, releasedRecord, renewedRecord, see, takenRecord, type SeenLease } from './lease-record.ts';

/** Times of an election, in ms. */
export interface ElectionTimes {
  /** For how long a record keeps others away. Default 15 s, as client-go; Knative's autoscaler has 60 s. Whole seconds. */
  readonly leaseDurationMs: number;
  /** How long after a renewal its holder leads. Shorter than the duration. Default 10 s; Knative's 40 s. */
  readonly renewDeadlineMs: number;
  /** Pause between tries, of leaders and followers, lengthened by up to a fifth. Shorter than the deadline. Default 2 s; Knative's 10 s. */
  readonly retryPeriodMs: number;
}

export const defaultElectionTimes: ElectionTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };

export interface LeaderElectorOptions {
  readonly client: KubernetesClient;
  readonly lease: Required<ObjectReference>;
  /** Who this is, among all who might lead: no two may have the same. */
  readonly identity: string;
  readonly times?: ElectionTimes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Called when it begins and when it ends to lead. The end may be told late, when the process was held up: ask `isLeading` before acting. */
  readonly onChange: (isLeading: boolean) => void;
}

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #times: ElectionTimes;
  readonly #logger: Logger;
  #seen: SeenLease | undefined;
  /** Until when it leads, in monotonic ms; undefined while it follows. */
  #leadsUntil: number | undefined;
  #term = -1;
  #next: Timer | undefined;
  #deadline: Timer | undefined;
  #isStarted = false;
  #tries = 0;

  /** @throws RangeError when the times do not fit together */
  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultElectionTimes;
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#times;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * (1 + jitterRatio) && retryPeriodMs > 0)) {
      throw new RangeError(`a lease of ${leaseDurationMs} ms needs a shorter deadline than ${renewDeadlineMs} ms, and tries more often than every ${retryPeriodMs} ms`);
    }
    this.#logger = options.logger.child({ lease: options.lease.name });
    options.meter.observedGauge('leader_election_master_status', '1 while this replica holds the lease', () => (this.isLeading ? 1 : 0), { name: options.lease.name });
  }

  /** True only while no other can lead. Reads the clock, so it is right also when timers come late. */
  get isLeading(): boolean {
    return this.#leadsUntil !== undefined && this.#options.clock.now() < this.#leadsUntil;
  }

  /** Which time this lease has been taken, as of its last time by this replica: grows with each change of hands. −1 before the first. */
  get term(): number {
    return this.#term;
  }

  /** Who held it when it was last looked at; empty for nobody, undefined when it is not known. */
  get holder(): string | undefined {
    return this.#seen && (this.#seen.lease.spec?.holderIdentity ?? '');
  }

  /** Begins to stand for election, for ever. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#try();
  }

  /**
   * Leads no more from now on, and gives the lease back when `idle` has fulfilled: when nothing is under way any more that
   * was begun as the leader. If that fails, or takes too long, the lease runs out by itself.
   */
  async stop(idle: Promise<unknown> = Promise.resolve()): Promise<void> {
    const wasLeading = this.isLeading;
    const until = this.#leadsUntil ?? 0;
    this.#isStarted = false;
    this.#tries += 1;
    this.#next?.cancel();
    this.#follow('stopped');
    try {
      await idle;
      if (wasLeading && this.#seen && this.#options.clock.now() < until) await this.#write(this.#seen.lease, releasedRecord(this.#seen.lease, this.#options.clock.wallTime()));
    } catch (error) {
      this.#logger.debug('lease not given back', { error });
    }
  }

  #try(): void {
    const { clock, timers, random } = this.#options;
    const { retryPeriodMs, renewDeadlineMs } = this.#times;
    const startedAt = clock.now();
    const number = (this.#tries += 1);
    const pauseMs = retryPeriodMs * (1 + random.next() * jitterRatio);
    // An answer that does not come must not end a leader's renewals: half a deadline is what one try may take.
    this.#next = timers.after(Math.max(pauseMs, renewDeadlineMs / 2), () => this.#try());
    this.#attempt(startedAt, number)
      .catch((error: unknown) => {
        if (number !== this.#tries) return;
        if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) this.#logger.debug('lease changed meanwhile', { error });
        else this.#logger.warn('lease not reached', { error });
      })
      .finally(() => {
        if (number !== this.#tries || !this.#isStarted) return;
        this.#next?.cancel();
        this.#next = timers.after(Math.max(0, startedAt + pauseMs - clock.now()), () => this.#try());
      });
  }

  /** One look at the lease, and one write where it may be written. `number` tells whether a later try has begun meanwhile. */
  async #attempt(startedAt: number, number: number): Promise<void> {
    const { client, clock, lease: reference, identity } = this.#options;
    const found = await client.resource(leases).find(reference);
    if (number !== this.#tries) return;
    if (found) this.#seen = see(this.#seen, found, clock.now());
    else this.#seen = undefined;
    const isOurs = found !== undefined && this.#leadsUntil !== undefined && found.spec?.holderIdentity === identity && found.spec.leaseTransitions === this.#term;
    if (found && this.#leadsUntil !== undefined && !isOurs) this.#follow(`held by ${found.spec?.holderIdentity ?? 'nobody'}`);
    if (this.#seen && !isFree(this.#seen, identity, clock.now(), this.#times.leaseDurationMs)) return;
    const times = { identity, durationMs: this.#times.leaseDurationMs, wallTime: clock.wallTime() };
    const written = found ? await this.#write(found, isOurs ? renewedRecord(found, times) : takenRecord(found, times)) : await this.#create(takenRecord(undefined, times));
    // It has been written, whether or not a later try has begun: but what that one does is not known here.
    if (number !== this.#tries || !this.#isStarted) return;
    this.#seen = see(this.#seen, written, clock.now());
    this.#lead(startedAt, written.spec?.leaseTransitions ?? 0);
  }

  #write(before: Lease, spec: NonNullable<Lease['spec']>): Promise<Lease> {
    // With the version that was read: whoever wrote meanwhile wins.
    return this.#options.client.resource(leases).update({ ...before, spec });
  }

  #create(spec: NonNullable<Lease['spec']>): Promise<Lease> {
    const { client, lease } = this.#options;
    return client.resource(leases).create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec });
  }

  #lead(startedAt: number, term: number): void {
    const { clock, timers, onChange } = this.#options;
    const wasLeading = this.isLeading;
    const until = startedAt + this.#times.renewDeadlineMs;
    const leftMs = until - clock.now();
    // The answer took longer than the lease is good for.
    if (leftMs <= 0) return;
    if (!wasLeading && this.#leadsUntil !== undefined) this.#follow('not renewed in time');
    this.#leadsUntil = until;
    this.#term = term;
    this.#deadline?.cancel();
    this.#deadline = timers.after(leftMs, () => this.#follow('not renewed in time'));
    if (wasLeading) return;
    this.#logger.info('leading', { identity: this.#options.identity, term });
    onChange(true);
  }

  #follow(reason: string): void {
    this.#deadline?.cancel();
    if (this.#leadsUntil === undefined) return;
    this.#leadsUntil = undefined;
    this.#logger.info('leading no more', { identity: this.#options.identity, reason });
    this.#options.onChange(false);
  }
}

/** Tries are spread by this share of their period, so that followers do not come all at once. */
const jitterRatio = 0.2;
