/** Where a Route's rollout is now, and where it goes from there. */
import { parseDuration } from '@sluice/kernel';
import type { Route } from '../api/route.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { annotations } from '../labels.ts';
import { conditionOf } from '../status/condition-set.ts';
import type { ResolvedTarget } from '../traffic/resolve-traffic.ts';
import { buildRollout } from './build-rollout.ts';
import { observeReady } from './observe-ready.ts';
import { parseRollout, rolloutAnnotation } from './rollout.ts';
import { stepRollout, type SteppedRollout } from './step-rollout.ts';

export interface RolloutFacts {
  /** With the status that is served now. */
  readonly route: Route;
  /** What the route's traffic has been resolved to. */
  readonly targets: readonly ResolvedTarget[];
  readonly network: Pick<NetworkConfig, 'rolloutDurationSeconds'>;
  /** Whether all gateways serve what the route's status says. */
  readonly isServed: boolean;
  /** Wall time, in ms since 1970. */
  readonly nowMs: number;
}

/** Undefined without a duration: everything goes to the newest revision at once, and there is no state to keep. */
export function advanceRollout({ route, targets, network, isServed, nowMs }: RolloutFacts): SteppedRollout | undefined {
  const goal = buildRollout(targets);
  const durationSeconds = rolloutDurationSeconds(route, network);
  if (durationSeconds <= 0) return undefined;
  const now = nowMs * 1e6;
  const before = parseRollout(route.status?.annotations?.[rolloutAnnotation]);
  const isNews = isServed && conditionOf(route.status?.conditions, 'IngressReady')?.status !== 'True';
  return stepRollout(goal, before && isNews ? observeReady(before, now, durationSeconds) : before, now);
}

/** As the Route says, else as the cluster says. */
export function rolloutDurationSeconds(route: Route, network: RolloutFacts['network']): number {
  const { [annotations.rolloutDuration]: text, [annotations.legacyRolloutDuration]: legacy } = route.metadata.annotations ?? {};
  const own = parseDuration(text ?? legacy ?? '') ?? 0;
  return Math.trunc(own / 1000) || network.rolloutDurationSeconds;
}
