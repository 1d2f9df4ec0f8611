/** From what a Route asks for to the revisions that take its traffic. */
import type { Configuration } from '../api/configuration.ts';
import type { Revision } from '../api/revision.ts';
import type { Route, TrafficTarget } from '../api/route.ts';
import { labels } from '../labels.ts';
import { conditionOf } from '../status/condition-set.ts';

/** Finds objects of the Route's namespace by name. */
export interface TrafficWorld {
  readonly configuration: (name: string) => Configuration | undefined;
  readonly revision: (name: string) => Revision | undefined;
}

/** A target with the revision that it stands for now. */
export interface ResolvedTarget {
  readonly revisionName: string;
  /** Empty for a revision without one. */
  readonly configurationName: string;
  readonly latestRevision: boolean;
  readonly percent: number;
  /** Empty without a tag. */
  readonly tag: string;
}

export interface TrafficFailure {
  readonly reason: 'RevisionMissing' | 'ConfigurationMissing' | 'RevisionNotOwned';
  readonly message: string;
  /** `False` will not mend by waiting; `Unknown` may. */
  readonly status: 'False' | 'Unknown';
}

export type ResolvedTraffic =
  | { readonly kind: 'resolved'; readonly targets: readonly ResolvedTarget[] }
  | { readonly kind: 'failed'; readonly failure: TrafficFailure };

type TargetResult = ResolvedTarget | TrafficFailure;

/**
 * All targets, or the reason why there are none: half a split would send the wrong shares. The first failure
 * counts, unless a later one is there to stay.
 */
export function resolveTraffic(route: Route, world: TrafficWorld): ResolvedTraffic {
  const targets: ResolvedTarget[] = [];
  let failure: TrafficFailure | undefined;
  for (const target of route.spec.traffic ?? []) {
    const result = resolveTarget(route, target, world);
    if (isTarget(result)) targets.push(result);
    else if (!failure || (failure.status === 'Unknown' && result.status === 'False')) failure = result;
  }
  return failure ? { kind: 'failed', failure } : { kind: 'resolved', targets };
}

/** The names that the route refers to, whether they are ready or not: these are in use. */
export function referencedNames(
  route: Route,
  world: TrafficWorld,
): { readonly configurations: string[]; readonly revisions: string[] } {
  const configurations = new Set<string>();
  const revisions = new Set<string>();
  for (const { revisionName, configurationName } of route.spec.traffic ?? []) {
    if (revisionName) revisions.add(revisionName);
    if (!configurationName) continue;
    configurations.add(configurationName);
    const latest = world.configuration(configurationName)?.status?.latestReadyRevisionName;
    if (latest) revisions.add(latest);
  }
  for (const name of revisions) {
    const owner = world.revision(name)?.metadata.labels?.[labels.configuration];
    if (owner) configurations.add(owner);
  }
  return { configurations: [...configurations].sort(), revisions: [...revisions].sort() };
}

/** Targets for one host: those of the same revision merged, and those without any share left out. */
export function mergeTargets(targets: readonly ResolvedTarget[]): ResolvedTarget[] {
  const merged = new Map<string, ResolvedTarget>();
  for (const target of targets) {
    if (target.percent === 0) continue;
    const before = merged.get(target.revisionName);
    merged.set(target.revisionName, before ? { ...before, percent: before.percent + target.percent } : target);
  }
  return [...merged.values()];
}

function resolveTarget(route: Route, target: TrafficTarget, world: TrafficWorld): TargetResult {
  const { revisionName, configurationName, percent = 0, tag = '' } = target;
  if (revisionName) {
    const found = checkRevision(route, revisionName, world);
    if ('reason' in found) return found;
    return { ...found, latestRevision: false, percent, tag };
  }
  const name = configurationName ?? '';
  const configuration = world.configuration(name);
  if (!configuration || configuration.metadata.deletionTimestamp !== undefined) {
    const message = `Configuration "${name}" referenced in traffic not found.`;
    return { reason: 'ConfigurationMissing', message, status: 'False' };
  }
  const latest = configuration.status?.latestReadyRevisionName;
  if (!latest) return notReadyYet(configuration);
  return { revisionName: latest, configurationName: name, latestRevision: true, percent, tag };
}

function checkRevision(
  route: Route,
  name: string,
  world: TrafficWorld,
): Pick<ResolvedTarget, 'revisionName' | 'configurationName'> | TrafficFailure {
  const revision = world.revision(name);
  if (!revision || revision.metadata.deletionTimestamp !== undefined) {
    return {
      reason: 'RevisionMissing',
      message: `Revision "${name}" referenced in traffic not found.`,
      status: 'False',
    };
  }
  const service = route.metadata.labels?.[labels.service];
  if (service !== undefined && revision.metadata.labels?.[labels.service] !== service) {
    const message = `Revision "${name}" does not belong to Service "${service}".`;
    return { reason: 'RevisionNotOwned', message, status: 'False' };
  }
  const ready = conditionOf(revision.status?.conditions, 'Ready');
  if (ready?.status === 'True') {
    return { revisionName: name, configurationName: revision.metadata.labels?.[labels.configuration] ?? '' };
  }
  if (ready?.status === 'False') {
    return { reason: 'RevisionMissing', message: `Revision "${name}" failed to become ready.`, status: 'False' };
  }
  return { reason: 'RevisionMissing', message: `Revision "${name}" is not yet ready.`, status: 'Unknown' };
}

function notReadyYet(configuration: Configuration): TrafficFailure {
  const { name } = configuration.metadata;
  if (conditionOf(configuration.status?.conditions, 'Ready')?.status === 'False') {
    return {
      reason: 'RevisionMissing',
      message: `Configuration "${name}" does not have any ready Revision.`,
      status: 'False',
    };
  }
  return {
    reason: 'RevisionMissing',
    message: `Configuration "${name}" is waiting for a Revision to become ready.`,
    status: 'Unknown',
  };
}

function isTarget(result: TargetResult): result is ResolvedTarget {
  return 'revisionName' in result;
}
