/**
 * How a proxy stops taking part, as one machine:
 *
 *     serving ⇄ failing            an operator says so: readiness fails and responses ask their clients to leave
 *     serving, failing → leaving   the end has begun: readiness fails, connections are still accepted, and responses
 *                                  ask their clients to leave, more and more of them or all at once
 *     leaving → closing            accepts no more, every response asks its client to leave, unused connections end
 *     closing → closed             nothing is left, or it was cut at the deadline
 *
 * The machine only says what holds; the proxy waits, closes and cuts.
 */
import type { Random } from '@sluice/kernel';

export type DrainState = 'serving' | 'failing' | 'leaving' | 'closing' | 'closed';

/** `gradual`: the share of responses that ask their client to leave grows from none to all while the grace lasts. */
export type DrainStrategy = 'gradual' | 'immediate';

/** As Envoy's drain manager: `connection: close` or GOAWAY is drawn per response. */
export class Drain {
  /** Whether any response may ask its client to leave. A plain field: it is looked at for every response. */
  isUnderWay = false;
  #state: DrainState = 'serving';
  #strategy: DrainStrategy = 'immediate';
  #leavingSince = 0;
  #graceMs = 0;
  #refusedKeepAlive = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get state(): DrainState {
    return this.#state;
  }

  /** Begins and ends `failing`. Nothing once the end has begun. */
  failHealthChecks(isFailing: boolean): void {
    if (this.#state !== 'serving' && this.#state !== 'failing') return;
    this.#state = isFailing ? 'failing' : 'serving';
    this.#look();
  }

  /** False when the end had begun before. */
  leave(now: number, graceMs: number, strategy: DrainStrategy): boolean {
    if (this.#state !== 'serving' && this.#state !== 'failing') return false;
    // Whoever was asking everybody to leave goes on doing so.
    this.#strategy = this.#state === 'failing' ? 'immediate' : strategy;
    this.#state = 'leaving';
    this.#leavingSince = now;
    this.#graceMs = graceMs;
    this.isUnderWay = true;
    return true;
  }

  /** The grace is over. */
  close(): void {
    if (this.#state === 'leaving') this.#state = 'closing';
  }

  /** While the process is overloaded, this share of responses asks its client to leave, from 0 to 1. */
  disableKeepAlive(share: number): void {
    this.#refusedKeepAlive = share;
    this.#look();
  }

  /** Nothing is left, whatever came before. */
  end(): void {
    this.#state = 'closed';
    this.isUnderWay = true;
  }

  /** Whether the response that begins now asks its client to leave. Asked only while `isUnderWay`. `staysWhenFailing`: not for that alone. */
  asksToLeave(now: number, staysWhenFailing = false): boolean {
    if (this.#refusedKeepAlive > 0 && this.#random.next() < this.#refusedKeepAlive) return true;
    if (this.#state === 'serving' || (staysWhenFailing && this.#state === 'failing')) return false;
    if (this.#state !== 'leaving' || this.#strategy === 'immediate' || this.#graceMs === 0) return true;
    return this.#random.next() < (now - this.#leavingSince) / this.#graceMs;
  }

  #look(): void {
    this.isUnderWay = this.#state !== 'serving' || this.#refusedKeepAlive > 0;
  }
}
