/** What a rollout is to lead to: of each configuration that is followed, the newest revision alone. */
import type { ResolvedTarget } from '../traffic/resolve-traffic.ts';
import { noStep, sorted, type ConfigurationRollout, type Rollout } from './rollout.ts';

/** Targets that name a revision have nothing to roll. A tag has a share of its own of 100, besides what it adds to the route's. */
export function buildRollout(targets: readonly ResolvedTarget[]): Rollout {
  const following = targets.filter(({ latestRevision }) => latestRevision);
  const shares = new Map<string, ConfigurationRollout>();
  const add = (tag: string, { configurationName, revisionName }: ResolvedTarget, percent: number) => {
    const key = `${tag} ${configurationName}`;
    const total = (shares.get(key)?.percent ?? 0) + percent;
    const revisions = [{ revisionName, percent: total }];
    shares.set(key, { configurationName, tag, percent: total, revisions, step: noStep });
  };
  for (const target of following) {
    add('', target, target.percent);
    if (target.tag !== '') add(target.tag, target, 100);
  }
  return { configurations: sorted([...shares.values()]) };
}
