import { describe, expect, it } from 'vitest';
import { ConcurrencyReporter } from './concurrency-reporter.ts';

const revision = 'default/hello-00001';

describe('an activator’s concurrency reports', () => {
  it('say when the first request for a quiet revision has come, and only then', () => {
    const reporter = new ConcurrencyReporter();
    expect(reporter.requestIn(revision, 0)).toBe(true);
    expect(reporter.requestIn(revision, 1)).toBe(false);
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
