import { describe, expect, it } from 'vitest';
import { ConcurrencyReporter } from './concurrency-reporter.ts';

const revision = 'default/hello-00001';

describe('an activator’s concurrency reports', () => {
  it('say when the first request for a quiet revision has come, and not when one follows another', () => {
    const reporter = new ConcurrencyReporter();
    expect(reporter.requestIn(revision, 0)).toBe(true);
    reporter.requestOut(revision, 1);
    expect(reporter.requestIn(revision, 2)).toBe(false);
  });

  it('say so again as often as half as many more are here than were told of', () => {
    const reporter = new ConcurrencyReporter();
    const arrivals = (count: number): number[] => {
      const risen: number[] = [];
      for (let arrived = 1; arrived <= count; arrived += 1) {
        if (!reporter.requestIn(revision, 0)) continue;
        risen.push(reporter.concurrency(revision));
        reporter.reportAhead(revision);
      }
      return risen;
    };
    expect(arrivals(20)).toEqual([1, 2, 3, 5, 8, 12, 18]);
    // The regular report speaks of 20.
    reporter.report(1000);
    expect(arrivals(20)).toEqual([30]);
  });

  it('are averages over the time since the last one', () => {
    const reporter = new ConcurrencyReporter();
    reporter.requestIn(revision, 0);
    reporter.requestIn(revision, 500);
    expect(reporter.report(1000)).toEqual([{ revision, averageConcurrency: 1.5, requestCount: 2 }]);
    expect(reporter.report(2000)).toEqual([{ revision, averageConcurrency: 2, requestCount: 0 }]);
  });

  it('say ahead how many are here now, and leave the regular one as it is', () => {
    const reporter = new ConcurrencyReporter();
    for (let index = 0; index < 3; index += 1) reporter.requestIn(revision, 0);
    expect(reporter.reportAhead(revision)).toEqual({ revision, averageConcurrency: 3, requestCount: 3 });
    expect(reporter.reportAhead('default/other')).toBeUndefined();
    expect(reporter.report(1000)).toEqual([{ revision, averageConcurrency: 3, requestCount: 3 }]);
  });

  it('end with one zero, after which the next request is a first one again', () => {
    const reporter = new ConcurrencyReporter();
    reporter.requestIn(revision, 0);
    reporter.requestOut(revision, 500);
    reporter.report(1000);
    expect(reporter.report(2000)).toEqual([{ revision, averageConcurrency: 0, requestCount: 0 }]);
    expect(reporter.report(3000)).toEqual([]);
    expect(reporter.requestIn(revision, 3100)).toBe(true);
  });

  it('keep a revision whose only request is still waiting', () => {
    const reporter = new ConcurrencyReporter();
    reporter.requestIn(revision, 0);
    reporter.report(1000);
    expect(reporter.report(2000)).toEqual([{ revision, averageConcurrency: 1, requestCount: 0 }]);
    expect(reporter.concurrency(revision)).toBe(1);
  });
});
