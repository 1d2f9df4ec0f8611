import { describe, expect, it } from 'vitest';
import type { Stat } from './stat.ts';
import { StatsCollector, type CollectorSpec } from './stats-collector.ts';

const key = 'default/hello-00001';
const spec: CollectorSpec = { metric: 'concurrency', stableWindowMs: 60_000, panicWindowMs: 6000, aggregation: 'linear' };

function stat(fields: Partial<Stat>): Stat {
  return {
    podName: 'pod',
    averageConcurrentRequests: 0,
    averageProxiedConcurrentRequests: 0,
    requestCount: 0,
    proxiedRequestCount: 0,
    ...fields,
  };
}

describe('collecting statistics', () => {
  it('adds up the pods of a second, without what an activator has counted', () => {
    const collector = new StatsCollector();
    collector.upsert(key, spec);
    collector.record(key, 100, stat({ podName: 'a', averageConcurrentRequests: 5, averageProxiedConcurrentRequests: 2 }));
    collector.record(key, 700, stat({ podName: 'b', averageConcurrentRequests: 4 }));
    expect(collector.observe(key, 900)).toEqual({ stable: 7, panic: 7 });
  });

  it('counts each pod once a second, whenever its reports arrive', () => {
    const collector = new StatsCollector();
    collector.upsert(key, { ...spec, panicWindowMs: 1000 });
    // A second apart by the pod's clock, give or take; by ours two in second 1 and none in second 2.
    for (const now of [50, 1010, 1980, 3010, 4000]) {
      collector.record(key, now, stat({ podName: 'a', averageConcurrentRequests: 20 }));
      collector.record(key, now, stat({ podName: 'b', averageConcurrentRequests: 10 }));
      expect(collector.observe(key, now)?.panic).toBe(30);
    }
  });

  it('takes what a pod says ahead of its time until its next report, which then stands in its place', () => {
    const collector = new StatsCollector();
    collector.upsert(key, { ...spec, panicWindowMs: 2000 });
    const say = (now: number, averageConcurrentRequests: number, isAhead = false) => {
      collector.record(key, now, stat({ averageConcurrentRequests, isAhead }));
      collector.record(key, now, stat({ podName: 'other', averageConcurrentRequests: 1 }));
      return collector.observe(key, now)?.panic;
    };
    expect(say(500, 2)).toBe(3);
    expect(say(1200, 4, true)).toBe(4);
    // Again in the same second, and in the next: seconds of 11 and 21.
    expect(say(1800, 10, true)).toBe(7);
    expect(say(2100, 20, true)).toBe(16);
    // Over the time in which it had these peaks there were 4 on average: 5 in both seconds.
    expect(say(2500, 4)).toBe(5);
    expect(say(3500, 4)).toBe(5);
  });

  it('takes a pod at its last word until that is old, and then forgets it', () => {
    const collector = new StatsCollector();
    collector.upsert(key, { ...spec, panicWindowMs: 1000 });
    collector.record(key, 0, stat({ podName: 'gone', averageConcurrentRequests: 8 }));
    const panicAt = (now: number) => {
      collector.record(key, now, stat({ podName: 'here', averageConcurrentRequests: 1 }));
      return collector.observe(key, now)?.panic;
    };
    expect([panicAt(1000), panicAt(2000), panicAt(3000)]).toEqual([9, 9, 1]);
  });

  it('counts requests per second when the revision is scaled on those', () => {
    const collector = new StatsCollector();
    collector.upsert(key, { ...spec, metric: 'rps' });
    collector.record(key, 0, stat({ averageConcurrentRequests: 1, requestCount: 50, proxiedRequestCount: 20 }));
    expect(collector.observe(key, 0)).toEqual({ stable: 30, panic: 30 });
  });

  it('tells no data from no load', () => {
    const collector = new StatsCollector();
    collector.upsert(key, spec);
    expect(collector.observe(key, 0)).toBeUndefined();
    collector.record(key, 0, stat({}));
    expect(collector.observe(key, 0)).toEqual({ stable: 0, panic: 0 });
    expect(collector.observe(key, 59_999)).toEqual({ stable: 0, panic: 0 });
    expect(collector.observe(key, 60_000)).toBeUndefined();
  });

  it('refuses statistics of revisions it does not know', () => {
    const collector = new StatsCollector();
    expect(collector.record(key, 0, stat({}))).toBe(false);
    collector.upsert(key, spec);
    collector.remove(key);
    expect(collector.record(key, 0, stat({}))).toBe(false);
  });

  it('can forget what was reported and go on', () => {
    const collector = new StatsCollector();
    collector.upsert(key, spec);
    collector.record(key, 0, stat({ averageConcurrentRequests: 5 }));
    collector.clear();
    expect(collector.observe(key, 0)).toBeUndefined();
    expect(collector.record(key, 1000, stat({ averageConcurrentRequests: 3 }))).toBe(true);
    expect(collector.observe(key, 1000)).toEqual({ stable: 3, panic: 3 });
  });

  it('keeps what fits when windows change in length', () => {
    const collector = new StatsCollector();
    collector.upsert(key, spec);
    collector.record(key, 0, stat({ averageConcurrentRequests: 5 }));
    collector.upsert(key, { ...spec, stableWindowMs: 10_000, panicWindowMs: 1000 });
    expect(collector.observe(key, 4000)).toEqual({ stable: 5, panic: 0 });
  });
});
