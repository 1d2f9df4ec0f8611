/** A route's targets while a rollout is under way: each that follows a configuration is several, one for each revision that has a part in it. */
import type { ResolvedTarget } from '../traffic/resolve-traffic.ts';
import { configurationsOf, type RevisionRollout, type Rollout } from './rollout.ts';

/**
 * The shares of a configuration's revisions, dealt out to the targets that follow it, the oldest revision first: together the
 * targets of a revision have what the rollout gives it, and those of the route 100. Only the newest is called the latest.
 */
export function spreadTargets(targets: readonly ResolvedTarget[], rollout: Rollout): ResolvedTarget[] {
  const left = new Map(configurationsOf(rollout, '').map(({ configurationName, revisions }) => [configurationName, [...revisions]]));
  return targets.flatMap((target) => {
    const shares = target.latestRevision ? left.get(target.configurationName) : undefined;
    if (shares === undefined || target.percent === 0) return [target];
    return deal(shares, target.percent).map(({ revisionName, percent }) => ({
      ...target,
      revisionName,
      percent,
      latestRevision: revisionName === target.revisionName,
    }));
  });
}

/** Takes `wanted` percent from the front of `shares`. */
function deal(shares: RevisionRollout[], wanted: number): RevisionRollout[] {
  const dealt: RevisionRollout[] = [];
  let missing = wanted;
  while (missing > 0) {
    const first = shares.shift();
    if (first === undefined) break;
    const percent = Math.min(missing, first.percent);
    missing -= percent;
    if (percent > 0) dealt.push({ ...first, percent });
    if (percent < first.percent) shares.unshift({ ...first, percent: first.percent - percent });
  }
  return dealt;
}
