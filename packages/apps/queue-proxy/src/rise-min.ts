/** From how many requests in flight on a rise is worth a report ahead of time: what the pod should have, as far as it knows. */
import type { QueueProxySettings } from './config.ts';

/** Of `config-autoscaler`: in flight where there is no limit, and the share of a limit or target that is aimed at. */
const targetDefault = 100;
const targetRatio = 0.7;

/** Below 2 the first request of a quiet pod would be told of, which is nothing that a pod less would bear. */
const riseMinMin = 2;

/** What the cluster sets otherwise is not known here: then a few reports more come ahead, or come a second later. */
export function riseMinOf({ containerConcurrency, scalingTarget }: Pick<QueueProxySettings, 'containerConcurrency' | 'scalingTarget'>): number {
  const limit = containerConcurrency > 0 ? containerConcurrency : Number.POSITIVE_INFINITY;
  const wanted = scalingTarget > 0 ? scalingTarget : containerConcurrency > 0 ? containerConcurrency : targetDefault;
  const target = Math.min(wanted, limit);
  return Math.max(riseMinMin, Math.ceil(target * targetRatio));
}
