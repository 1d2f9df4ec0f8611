/**
 * Some servers answer a refusal at once with the same response (go-control-plane's cache does). The same content refused
 * again is answered after a growing delay, so that the two do not spin. Without timers: whoever uses it asks what is due.
 */
import type { Random } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { TypeSubscription } from './type-subscription.ts';

/** An answer that is held back. */
export interface HeldRefusal {
  readonly nonce: string;
  readonly reason: string;
}

export class RefusalDamping {
  readonly #random: Random;
  /** What was refused last, by what the response was. */
  readonly #refused = new Map<TypeSubscription, { readonly identity: string; readonly backoff: Backoff }>();
  readonly #held = new Map<TypeSubscription, HeldRefusal & { readonly at: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether the answer may go now. Else it is held. @param identity equal for equal responses */
  mayAnswer(type: TypeSubscription, identity: string, refusal: HeldRefusal, now: number): boolean {
    const known = this.#refused.get(type);
    if (known?.identity === identity) {
      this.#held.set(type, { ...refusal, at: now + known.backoff.next() });
      return false;
    }
    this.#refused.set(type, { identity, backoff: new Backoff(this.#random) });
    return true;
  }

  /** A response was accepted: what comes next is something else, whatever it is. */
  onAccepted(type: TypeSubscription): void {
    this.#refused.delete(type);
  }

  /** Takes out what is held of a type, to be said at once, or not at all because a newer response has come. */
  take(type: TypeSubscription): HeldRefusal | undefined {
    const held = this.#held.get(type);
    this.#held.delete(type);
    return held;
  }

  /** Takes out what is due. */
  *takeDue(now: number): Generator<readonly [TypeSubscription, HeldRefusal]> {
    for (const [type, held] of this.#held) {
      if (held.at > now) continue;
      this.#held.delete(type);
      yield [type, held];
    }
  }

  /** When the next is due; Infinity when nothing is held. */
  get next(): number {
    let next = Infinity;
    for (const { at } of this.#held.values()) next = Math.min(next, at);
    return next;
  }

  /** The stream has gone, and with it whoever was to be answered. */
  forgetHeld(): void {
    this.#held.clear();
  }
}
