/** `stats_config` at work: which statistics are shown, and the buckets of those that are made. */
import type { Meter, MetricFamily } from '@sluice/kernel';
import type { HistogramBuckets, StatsMatcher } from '@sluice/resources';
import { dottedName } from '../admin/stat-names.ts';
import { compileOperatorMatcher } from '../operator-matcher.ts';

/** Hides samples by their dotted names; counting them goes on, which costs less than to ask. Undefined: all are shown. */
export type StatsFilter = (families: readonly MetricFamily[]) => readonly MetricFamily[];

export function createStatsFilter(matcher: StatsMatcher): StatsFilter | undefined {
  if (matcher.kind === 'all') return undefined;
  if (matcher.kind === 'none') return () => [];
  const tests = matcher.patterns.map(compileOperatorMatcher);
  const wanted = matcher.kind === 'only';
  const shows = (name: string) => tests.some((test) => test(name)) === wanted;
  return (families) => families.map((family) => ({ ...family, samples: family.samples.filter(({ labels }) => shows(dottedName(family.name, labels))) }));
}

/**
 * A meter whose histograms have the buckets that are configured for their names. All of a family have the same: those of
 * the one that is made first, because a page for Prometheus can be added up no other way.
 */
export function withHistogramBuckets(meter: Meter, settings: readonly HistogramBuckets[]): Meter {
  if (settings.length === 0) return meter;
  const rules = settings.map(({ match, bounds }) => ({ test: compileOperatorMatcher(match), bounds }));
  const chosen = new Map<string, readonly number[]>();
  return {
    ...meter,
    histogram(name, help, bounds, labels = {}) {
      let own = chosen.get(name);
      if (!own) {
        const dotted = dottedName(name, labels);
        chosen.set(name, (own = rules.find(({ test }) => test(dotted))?.bounds ?? bounds));
      }
      return meter.histogram(name, help, own, labels);
    },
  };
}
