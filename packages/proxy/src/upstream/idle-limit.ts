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

/** A close after less than this says nothing: believed, it would have a connection made for nearly every request. Chosen: shorter than anybody's timer. */
const believedMsMin = 100;

/** Closes that come together are one observation: a host that goes away closes all it has. */
const burstMs = 1000;

/**
 * Whose patience is at an end closes what has rested for the same time; who goes away closes what has rested long and what has hardly rested in one moment, which
 * says nothing. Closes no further apart than this are of one moment, and rests of which one is more than so many times another are not the same. Chosen: both
 * are far more than a busy machine makes of one moment and of one time.
 */
const momentMs = 50;
const alikeRatioMax = 2;

/** What was seen counts for so long, since hosts change their minds when they are replaced. Chosen: ten minutes. */
const observationMs = 600_000;

const never = Number.POSITIVE_INFINITY;

/** What closes have taught. */
interface Lesson {
  readonly restMs: number;
  /** When it was last confirmed. */
  readonly at: number;
  readonly quickCloses: number;
  readonly lastQuickAt: number;
}

export class IdleLimit {
  #announcedMs = never;
  #lesson: Lesson = { restMs: never, at: 0, quickCloses: 0, lastQuickAt: Number.NEGATIVE_INFINITY };
  /** Of the last moment in which something was closed: what was known before it, when it last was, and the shortest and the longest rest that ended in it. */
  #before = this.#lesson;
  #closedAt = Number.NEGATIVE_INFINITY;
  #shortestMs = never;
  #longestMs = 0;

  /** Value of a `Keep-Alive` field: `timeout=5, max=100`. */
  announce(value: string): void {
    const seconds = /(?:^|[,;\s])timeout\s*=\s*(\d{1,6})(?:$|[,;\s])/i.exec(value)?.[1];
    if (seconds !== undefined) this.#announcedMs = Number(seconds) * 1000;
  }

  /** The host has closed a connection that had rested so long. */
  observe(restedMs: number, now: number): void {
    if (now - this.#closedAt > momentMs) this.#beginMoment();
    this.#closedAt = now;
    this.#shortestMs = Math.min(this.#shortestMs, restedMs);
    this.#longestMs = Math.max(this.#longestMs, restedMs);
    this.#lesson = this.#longestMs > this.#shortestMs * alikeRatioMax ? this.#before : learn(this.#lesson, restedMs, now);
  }

  /** How long a connection may rest; `Infinity` while nothing is known. */
  restMs(now: number): number {
    const { restMs, at } = this.#lesson;
    return Math.min(this.#announcedMs, now - at > observationMs ? never : restMs) * restRatio;
  }

  #beginMoment(): void {
    this.#before = this.#lesson;
    this.#shortestMs = never;
    this.#longestMs = 0;
  }
}

function learn(lesson: Lesson, restedMs: number, now: number): Lesson {
  if (restedMs < believedMsMin) return lesson;
  const next = restedMs < quickMs ? countQuick(lesson, now) : lesson;
  if (restedMs < quickMs && next.quickCloses < quickClosesMin) return next;
  return { ...next, restMs: now - next.at > observationMs ? restedMs : Math.min(next.restMs, restedMs), at: now };
}

/** How often it was seen, one after the other. */
function countQuick(lesson: Lesson, now: number): Lesson {
  const sinceMs = now - lesson.lastQuickAt;
  if (sinceMs < burstMs) return lesson;
  return { ...lesson, lastQuickAt: now, quickCloses: sinceMs > observationMs ? 1 : lesson.quickCloses + 1 };
}
