import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestStats } from './request-stats.ts';

describe('request statistics', () => {
  it('weigh concurrency by how long it lasted', () => {
    const stats = new RequestStats(0);
    stats.requestIn(0, false);
    stats.requestIn(500, false);
    stats.requestOut(750, false);
    expect(stats.report(1000)).toEqual({
      averageConcurrency: 1.25,
      averageProxiedConcurrency: 0,
      requestCount: 2,
      proxiedRequestCount: 0,
    });
  });

  it('count a request that an activator sent in both kinds of number', () => {
    const stats = new RequestStats(0);
    stats.requestIn(0, true);
    stats.requestIn(0, false);
    stats.requestOut(500, true);
    expect(stats.report(1000)).toEqual({
      averageConcurrency: 1.5,
      averageProxiedConcurrency: 0.5,
      requestCount: 2,
      proxiedRequestCount: 1,
    });
  });

  it('begin each report afresh but keep what is in flight', () => {
    const stats = new RequestStats(0);
    stats.requestIn(0, false);
    stats.report(1000);
    expect(stats.report(2000)).toMatchObject({ averageConcurrency: 1, requestCount: 0 });
    expect(stats.concurrency).toBe(1);
  });

  it('say when load that nobody else counts has risen from below what is worth a word', () => {
    const stats = new RequestStats(0, 4);
    const risen = Array.from({ length: 8 }, (_, index) => stats.requestIn(0, index % 2 === 1));
    // The seventh is the fourth that came by itself.
    expect(risen).toEqual([false, false, false, false, false, false, true, false]);
    expect(stats.ahead()).toEqual({ averageConcurrency: 8, averageProxiedConcurrency: 4, requestCount: 8, proxiedRequestCount: 4 });
    expect(new RequestStats(0).requestIn(0, false)).toBe(false);
  });

  it('say no less of requests ahead of time than the report before', () => {
    const stats = new RequestStats(0, 1);
    for (let request = 0; request < 5; request += 1) stats.requestIn(0, false);
    stats.report(1000);
    stats.requestIn(1100, false);
    expect(stats.ahead()).toMatchObject({ averageConcurrency: 6, requestCount: 5 });
    expect(stats.report(2000)).toMatchObject({ requestCount: 1 });
  });

  it('report 0 when no time has passed', () => {
    const stats = new RequestStats(5);
    stats.requestIn(5, false);
    expect(stats.report(5)).toMatchObject({ averageConcurrency: 0, requestCount: 1 });
  });

  it('let an event from the past add nothing to the average', () => {
    const stats = new RequestStats(1000);
    stats.requestIn(400, false);
    stats.requestOut(1500, false);
    expect(stats.report(2000).averageConcurrency).toBe(0.5);
  });

  it('agree with adding up every millisecond, whatever comes', () => {
    const requests = fc.array(fc.record({ start: fc.nat(999), lengthMs: fc.nat(999) }), { maxLength: 30 });
    fc.assert(
      fc.property(requests, (all) => {
        const stats = new RequestStats(0);
        const events = all.flatMap(({ start, lengthMs }) => [
          { at: start, isIn: true },
          { at: start + lengthMs, isIn: false },
        ]);
        events.sort((a, b) => a.at - b.at || Number(b.isIn) - Number(a.isIn));
        for (const { at, isIn } of events) {
          if (at > 1000) continue;
          if (isIn) stats.requestIn(at, false);
          else stats.requestOut(at, false);
        }
        const areaMs = all.reduce((sum, { start, lengthMs }) => sum + Math.min(1000, start + lengthMs) - start, 0);
        expect(stats.report(1000).averageConcurrency).toBeCloseTo(areaMs / 1000, 9);
      }),
    );
  });
});
