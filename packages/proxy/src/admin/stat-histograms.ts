/** Histograms as `/stats` shows them: quantiles out of buckets, or the buckets themselves. */
import type { MetricFamily, MetricSample } from '@sluice/kernel';

/** Envoy's, in percent. */
export const quantiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100] as const;

/** How `?histogram_buckets` may be shown. */
export const bucketModes = ['cumulative', 'disjoint', 'detailed', 'summary'] as const;

export type BucketMode = (typeof bucketModes)[number];

/** What a quantile is at most as far as buckets tell: interpolated within its bucket, whose lower bound is the one before. */
export function quantileOf({ bounds }: MetricFamily, { buckets = [], count = 0 }: MetricSample, percent: number): number {
  const wanted = (percent / 100) * count;
  let below = 0;
  for (let index = 0; index < buckets.length; index += 1) {
    const here = buckets[index] as number;
    if (here > 0 && below + here >= wanted) {
      const low = index === 0 ? 0 : (bounds[index - 1] as number);
      const high = bounds[index] ?? low;
      return round(low + (high - low) * (here === 0 ? 0 : Math.max(0, wanted - below) / here));
    }
    below += here;
  }
  return bounds.at(-1) ?? 0;
}

/** One line; the first of each pair is of the last interval, which is not kept here. */
export function histogramText(family: MetricFamily, sample: MetricSample, mode: BucketMode | undefined): string {
  if ((sample.count ?? 0) === 0) return 'No recorded values';
  if (mode === 'cumulative' || mode === 'disjoint' || mode === 'detailed') {
    return bucketsOf(family, sample, mode === 'cumulative').map(([bound, count]) => `B${bound}(nan,${count})`).join(' ');
  }
  return quantiles.map((percent) => `P${percent}(nan,${quantileOf(family, sample, percent)})`).join(' ');
}

/** Upper bounds with their counts. */
export function bucketsOf({ bounds }: MetricFamily, { buckets = [] }: MetricSample, isCumulative: boolean): readonly (readonly [number, number])[] {
  let sum = 0;
  return bounds.map((bound, index) => {
    const count = buckets[index] ?? 0;
    sum += count;
    return [bound, isCumulative ? sum : count] as const;
  });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
