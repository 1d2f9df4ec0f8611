/**
 * How long one host lets connections rest, learned from what it says (`Keep-Alive: timeout=N`) and from when it was seen
 * to close them. Connections are retired before that, so that no request meets the end of one: the keep-alive race,
 * which nothing else cures for requests that must not be repeated.
 */

/** The part of the host's time that connections may rest. Chosen: a fifth is far more than a request is on its way. */
const restRatio = 0.8;

/** A host that has closed after less than this may have been restarting; it is believed when it does so again and again. Chosen: no known server rests less on purpose. */
const quickMs = 1000;
const quickClosesMin = 3;

/** Closes that come together are one observation: a host that goes away closes all it has. */
const burstMs = 1000;

/** What was seen counts for so long, since hosts change their minds when they are replaced. Chosen: ten minutes. */
const observationMs = 600_000;

const never = Number.POSITIVE_INFINITY;

export class IdleLimit {
  #announcedMs = never;
  #observedMs = never;
  #observedAt = 0;
  #quickCloses = 0;
  #lastQuickAt = Number.NEGATIVE_INFINITY;

  /** Value of a `Keep-Alive` field: `timeout=5, max=100`. */
  announce(value: string): void {
    const seconds = /(?:^|[,;\s])timeout\s*=\s*(\d{1,6})(?:$|[,;\s])/i.exec(value)?.[1];
    if (seconds !== undefined) this.#announcedMs = Number(seconds) * 1000;
  }

  /** The host has closed a connection that had rested so long. */
  observe(restedMs: number, now: number): void {
    if (restedMs < quickMs && !this.#isUsual(now)) return;
    this.#observedMs = now - this.#observedAt > observationMs ? restedMs : Math.min(this.#observedMs, restedMs);
    this.#observedAt = now;
  }

  /** How long a connection may rest; `Infinity` while nothing is known. */
  restMs(now: number): number {
    const observedMs = now - this.#observedAt > observationMs ? never : this.#observedMs;
    return Math.min(this.#announcedMs, observedMs) * restRatio;
  }

  /** Whether it was seen several times, one after the other. */
  #isUsual(now: number): boolean {
    if (now - this.#lastQuickAt < burstMs) return this.#quickCloses >= quickClosesMin;
    if (now - this.#lastQuickAt > observationMs) this.#quickCloses = 0;
    this.#lastQuickAt = now;
    this.#quickCloses += 1;
    return this.#quickCloses >= quickClosesMin;
  }
}
