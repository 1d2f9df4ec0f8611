/** The tries after the first that one stream has left, and how long to wait before each. */
import type { ResponseHead } from '@sluice/http';
import type { Clock, Random } from '@sluice/kernel';
import type { ResetHeader } from '@sluice/resources';
import type { RetryStatistics } from './retry-statistics.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { RetryRule } from './retry-rule.ts';

/** `exhausted`: no tries are left. `overflow`: the cluster has too many retries under way. */
export type RetryVerdict = 'again' | 'exhausted' | 'overflow';

export class RetryState {
  readonly #rule: RetryRule;
  readonly #breaker: CircuitBreaker;
  readonly #statistics: RetryStatistics;
  readonly #random: Random;
  #left: number;
  #done = 0;
  #isHeld = false;

  constructor(rule: RetryRule, breaker: CircuitBreaker, statistics: RetryStatistics, random: Random) {
    this.#rule = rule;
    this.#breaker = breaker;
    this.#statistics = statistics;
    this.#random = random;
    this.#left = rule.retriesMax;
  }

  /** Takes one of the tries that are left. It counts as a retry of the cluster until the next is taken or the stream is over. */
  take(): RetryVerdict {
    this.release();
    if (this.#left === 0) {
      this.#statistics.limitExceeded.add();
      return 'exhausted';
    }
    this.#left -= 1;
    if (!this.#breaker.allowsRetry) {
      this.#statistics.overflows.add();
      return 'overflow';
    }
    this.#breaker.retries += 1;
    this.#isHeld = true;
    this.#done += 1;
    this.#statistics.retries.add();
    return 'again';
  }

  /** A response that nobody wants to do better than. */
  settle(): void {
    if (this.#done > 0) this.#statistics.successes.add();
    this.release();
  }

  /** Does not count any more. */
  release(): void {
    if (this.#isHeld) this.#breaker.retries -= 1;
    this.#isHeld = false;
  }

  /** How long to wait, in ms, after a response or, without one, after a failure. */
  backOffMs(head: ResponseHead | undefined, clock: Clock): number {
    const announced = head && this.#announcedMs(head, clock);
    if (announced !== undefined) {
      this.#statistics.rateLimitedBackOffs.add();
      return announced * (1 + this.#random.next() / 2);
    }
    this.#statistics.exponentialBackOffs.add();
    const { baseIntervalMs, maxIntervalMs } = this.#rule.backOff;
    return Math.min(maxIntervalMs, this.#random.next() * (2 ** this.#done - 1) * baseIntervalMs);
  }

  /** What the response itself asks for, in a header that the policy names and not longer than it allows. */
  #announcedMs(head: ResponseHead, clock: Clock): number | undefined {
    const { rateLimitedBackOff } = this.#rule;
    if (!rateLimitedBackOff) return undefined;
    for (const header of rateLimitedBackOff.resetHeaders) {
      const waitMs = resetMs(head, header, clock);
      if (waitMs !== undefined && waitMs <= rateLimitedBackOff.maxIntervalMs) return waitMs;
    }
    return undefined;
  }
}

function resetMs(head: ResponseHead, { name, format }: ResetHeader, clock: Clock): number | undefined {
  const value = head.get(name);
  if (value === undefined || !/^\d{1,12}$/.test(value)) return undefined;
  const waitMs = Number(value) * 1000 - (format === 'UNIX_TIMESTAMP' ? clock.wallTime() : 0);
  return waitMs < 0 ? undefined : waitMs;
}
