import { createSeededRandom } from '@sluice/kernel';
import { describe, expect, it } from 'vitest';
import { askingOrder, extrapolate, sampleSize } from './pod-sample.ts';

describe('a sample', () => {
  it.each([
    [0, 0],
    [1, 1],
    [3, 3],
    [4, 4],
    [5, 4],
    [10, 7],
    [20, 9],
    [100, 14],
    [1000, 16],
    [100_000, 16],
  ])('of %i pods asks %i', (pods, size) => {
    expect(sampleSize(pods)).toBe(size);
  });

  const pod = (address: string, ageMs: number) => ({ address, ageMs });

  it('asks pods first that have seen a whole window', () => {
    const pods = [pod('young-1', 0), pod('old-1', 60_000), pod('young-2', 59_999), pod('old-2', 90_000)];
    expect(askingOrder(pods, 2, 60_000, createSeededRandom(1)).slice(0, 2)).toEqual(['old-1', 'old-2']);
  });

  it('asks others of many old pods each time, and leaves the young in their order', () => {
    const pods = [...Array.from({ length: 10 }, (_, index) => pod(`old-${index}`, 60_000)), pod('young-1', 0), pod('young-2', 0)];
    const random = createSeededRandom(1);
    const first = new Set(Array.from({ length: 50 }, () => askingOrder(pods, 3, 60_000, random)[0]));
    expect(first.size).toBeGreaterThan(5);
    expect(askingOrder(pods, 3, 60_000, random).slice(10)).toEqual(['young-1', 'young-2']);
  });

  it('asks the young by chance where the old are too few', () => {
    const pods = [pod('old', 60_000), ...Array.from({ length: 10 }, (_, index) => pod(`young-${index}`, 0))];
    const random = createSeededRandom(1);
    const second = new Set(Array.from({ length: 50 }, () => askingOrder(pods, 3, 60_000, random)[1]));
    expect(second.size).toBeGreaterThan(5);
    expect(askingOrder(pods, 3, 60_000, random)[0]).toBe('old');
  });

  it('stands for all pods', () => {
    const answer = (concurrency: number) => ({
      podName: 'p',
      averageConcurrentRequests: concurrency,
      averageProxiedConcurrentRequests: concurrency / 2,
      requestCount: concurrency * 4,
      proxiedRequestCount: concurrency,
    });
    // A mean of 3, times 10.
    expect(extrapolate([answer(2), answer(4)], 10)).toEqual({
      podName: 'service-scraper',
      averageConcurrentRequests: 30,
      averageProxiedConcurrentRequests: 15,
      requestCount: 120,
      proxiedRequestCount: 30,
    });
  });
});
