/**
 * Which pod gets the next request. The policy follows from the limit per pod, as in Knative's activator
 * (https://github.com/knative/serving/blob/main/pkg/activator/net/lb_policy.go):
 *
 * | containerConcurrency | policy | because |
 * | --- | --- | --- |
 * | 0 (no limit) | the lighter of two taken at random | balances without looking at every pod |
 * | 1 to 3 | the first with room | packs few pods full, so that spare ones can go |
 * | above 3 | each in turn | spreads, and a full one is passed over |
 */
import { randomInt, type Random } from '@sluice/kernel';
import type { PodTracker } from './pod-tracker.ts';

/** Takes a place at one of `trackers` and returns it; undefined when none has room. */
export type PodPolicy = (trackers: readonly PodTracker[]) => PodTracker | undefined;

/** The largest limit at which pods are packed rather than taken in turn. Knative's number. */
const PACKED_CONCURRENCY_MAX = 3;

export function createPodPolicy(containerConcurrency: number, random: Random): PodPolicy {
  if (containerConcurrency === 0) return (trackers) => reserveRandomChoiceOfTwo(trackers, random);
  if (containerConcurrency <= PACKED_CONCURRENCY_MAX) return reserveFirstAvailable;
  return createRoundRobin();
}

function reserveRandomChoiceOfTwo(trackers: readonly PodTracker[], random: Random): PodTracker | undefined {
  const count = trackers.length;
  if (count === 0) return undefined;
  let first = 0;
  let second = 0;
  if (count === 2) second = 1;
  if (count > 2) {
    first = randomInt(random, count);
    second = randomInt(random, count - 1);
    if (second >= first) second += 1;
  }
  let chosen = trackers[first] as PodTracker;
  const other = trackers[second] as PodTracker;
  const isTie = chosen.inFlight === other.inFlight;
  if (chosen.inFlight > other.inFlight || (isTie && first !== second && random.next() < 0.5)) chosen = other;
  return chosen.reserve() ? chosen : undefined;
}

function reserveFirstAvailable(trackers: readonly PodTracker[]): PodTracker | undefined {
  return trackers.find((tracker) => tracker.reserve());
}

function createRoundRobin(): PodPolicy {
  let start = 0;
  return (trackers) => {
    const count = trackers.length;
    for (let step = 0; step < count; step += 1) {
      const index = (start + step) % count;
      const tracker = trackers[index] as PodTracker;
      if (tracker.reserve()) {
        start = index + 1;
        return tracker;
      }
    }
    return undefined;
  };
}
