/** How long is waited before each further try, and how many there are. */
import { ResponseHead } from '@sluice/http';
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { Statistics } from '../statistics.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { RetryRule } from './retry-rule.ts';
import { RetryState } from './retry-state.ts';

const clock = { now: () => 0, wallTime: () => 1_000_000_000_000 };
const always = (value: number) => ({ next: () => value });
const limits = { connectionsMax: 10, pendingRequestsMax: 10, requestsMax: 10, retriesMax: 3 };

const rule: RetryRule = {
  on: new Set(['5xx']),
  retriesMax: 5,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  statusCodes: new Set(),
  responseTests: [],
  requestTests: [],
  hostTests: [],
  hostSelectionTriesMax: 1,
  priorityUpdateFrequency: undefined,
  backOff: { baseIntervalMs: 25, maxIntervalMs: 250 },
  rateLimitedBackOff: undefined,
};

function createState(changes: Partial<RetryRule> = {}, random = createSeededRandom(1), breaker = new CircuitBreaker(limits)) {
  const statistics = new Statistics(createMeter()).upstream('a').retrying();
  return { state: new RetryState({ ...rule, ...changes }, breaker, statistics, random), breaker, statistics };
}

describe('the wait before a further try', () => {
  test('is below (2^n - 1) times the base, and at most the maximum', () => {
    const { state } = createState({}, always(0.999_999));
    const waits = Array.from({ length: 5 }, () => {
      state.take();
      return Math.round(state.backOffMs(undefined, clock));
    });
    expect(waits).toEqual([25, 75, 175, 250, 250]);
  });

  test('may be nothing', () => {
    const { state } = createState({}, always(0));
    state.take();
    expect(state.backOffMs(undefined, clock)).toBe(0);
  });

  test('differs from time to time, and is the same for the same seed', () => {
    const draw = (seed: number) => {
      const { state } = createState({}, createSeededRandom(seed));
      state.take();
      return state.backOffMs(undefined, clock);
    };
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
  });

  const resetHeaders = [
    { name: 'retry-after', format: 'SECONDS' },
    { name: 'x-reset', format: 'UNIX_TIMESTAMP' },
  ] as const;
  const limited = { rateLimitedBackOff: { resetHeaders, maxIntervalMs: 300_000 } };

  test.each([
    ['in seconds', { 'retry-after': '7' }, 7_000],
    ['as a moment', { 'x-reset': '1000000012' }, 12_000],
    ['twice, of which the first counts', { 'retry-after': '1', 'x-reset': '1000000012' }, 1_000],
    ['in a way that cannot be read, and then in another', { 'retry-after': 'Wed, 21 Oct 2026', 'x-reset': '1000000002' }, 2_000],
  ])('is what the response asks for: %s', (_how, headers: Readonly<Record<string, string>>, waitMs) => {
    const { state, statistics } = createState(limited, always(0));
    state.take();
    expect(state.backOffMs(ResponseHead.of(503, headers), clock)).toBe(waitMs);
    expect(statistics.rateLimitedBackOffs.value).toBe(1);
  });

  test('that the response asks for grows by up to a half, so that not all come at once', () => {
    const { state } = createState(limited, always(0.999_999_9));
    state.take();
    expect(Math.round(state.backOffMs(ResponseHead.of(503, { 'retry-after': '10' }), clock))).toBe(15_000);
  });

  test.each([
    ['longer than is allowed', { 'retry-after': '301' }],
    ['a moment that is over', { 'x-reset': '999999999' }],
    ['nothing', {}],
  ])('is our own when the response asks for %s', (_what, headers: Readonly<Record<string, string>>) => {
    const { state, statistics } = createState(limited, always(0.5));
    state.take();
    expect(state.backOffMs(ResponseHead.of(503, headers), clock)).toBe(12.5);
    expect(statistics.exponentialBackOffs.value).toBe(1);
  });
});

describe('the tries of a stream', () => {
  test('are as many as its rule says', () => {
    const { state, statistics } = createState({ retriesMax: 2 });
    expect([state.take(), state.take(), state.take()]).toEqual(['again', 'again', 'exhausted']);
    expect([statistics.retries.value, statistics.limitExceeded.value]).toEqual([2, 1]);
  });

  test('count as one retry of the cluster, until the stream is over', () => {
    const { state, breaker } = createState();
    state.take();
    state.take();
    expect(breaker.retries).toBe(1);
    state.release();
    state.release();
    expect(breaker.retries).toBe(0);
  });

  test('end when others use up what the cluster allows', () => {
    const breaker = new CircuitBreaker(limits);
    const others = [1, 2, 3].map(() => createState({}, undefined, breaker).state);
    for (const other of others) expect(other.take()).toBe('again');
    const { state, statistics } = createState({}, undefined, breaker);
    expect(state.take()).toBe('overflow');
    others[0]?.release();
    expect(state.take()).toBe('again');
    expect(statistics.overflows.value).toBe(1);
  });

  test('are a success when one of them was answered', () => {
    const { state, statistics } = createState();
    state.settle();
    expect(statistics.successes.value).toBe(0);
    state.take();
    state.settle();
    expect(statistics.successes.value).toBe(1);
  });
});
