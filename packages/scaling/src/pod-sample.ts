/**
 * Asking some of a revision's pods in place of all: how many, which first, and what their answers say of the whole. Knative's
 * rules: https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/stats_scraper.go
 */
import { randomInt, type Random } from '@sluice/kernel';
import type { Stat } from './stat.ts';

/** The name that all pods of a sample stand under together. */
export const SCRAPER_POD_NAME = 'service-scraper';

/** Up to here all pods are asked. */
const ALL_PODS_MAX = 3;

/** Sample size of an endless population: (1.96² × variance 100) / (margin of error 5)², which is 95 % certainty. */
const ENDLESS_SAMPLE = (1.96 ** 2 * 100) / 5 ** 2;

/** How many pods to ask of so many: 5 → 4, 10 → 7, 100 → 14, 1000 → 16. */
export function sampleSize(pods: number): number {
  if (pods <= ALL_PODS_MAX) return Math.max(0, pods);
  return Math.ceil((pods * ENDLESS_SAMPLE) / (pods + ENDLESS_SAMPLE - 1));
}

export interface PodToAsk {
  /** Where it is asked. */
  readonly address: string;
  /** How long it has been ready, in ms. */
  readonly ageMs: number;
}

/**
 * In which order to ask, until there are `size` answers: pods that have seen a whole stable window first, since those just started
 * have had less than their share of the load; chance among them where there are more than are needed.
 */
export function askingOrder(pods: readonly PodToAsk[], size: number, stableWindowMs: number, random: Random): readonly string[] {
  const old: string[] = [];
  const young: string[] = [];
  for (const { address, ageMs } of pods) (ageMs >= stableWindowMs ? old : young).push(address);
  if (old.length > size) shuffle(old, random);
  if (old.length < size) shuffle(young, random);
  return [...old, ...young];
}

/** What the answers of a sample say of all pods: their mean, times the number of pods. */
export function extrapolate(answers: readonly Stat[], pods: number): Stat {
  const total = (read: (stat: Stat) => number) => (answers.reduce((sum, stat) => sum + read(stat), 0) / answers.length) * pods;
  return {
    podName: SCRAPER_POD_NAME,
    averageConcurrentRequests: total((stat) => stat.averageConcurrentRequests),
    averageProxiedConcurrentRequests: total((stat) => stat.averageProxiedConcurrentRequests),
    requestCount: total((stat) => stat.requestCount),
    proxiedRequestCount: total((stat) => stat.proxiedRequestCount),
  };
}

function shuffle(items: string[], random: Random): void {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = randomInt(random, index + 1);
    [items[index], items[other]] = [items[other] as string, items[index] as string];
  }
}
