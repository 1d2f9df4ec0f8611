/** What a Configuration says of itself: which Revision is newest, and which is the newest that works. */
import type { Configuration, ConfigurationStatus } from '../api/configuration.ts';
import type { Revision } from '../api/revision.ts';
import { labels } from '../labels.ts';
import { conditionOf, isFalse, isTrue, isUnknown, livingConditions, type Mark } from './condition-set.ts';

export interface ConfigurationFacts {
  readonly configuration: Configuration;
  /** The Revision of the present generation. */
  readonly latestCreated: Revision;
  /** All Revisions of this Configuration. */
  readonly revisions: readonly Revision[];
  /** RFC 3339. */
  readonly now: string;
}

export function configurationStatus(facts: ConfigurationFacts): ConfigurationStatus {
  const { configuration, latestCreated } = facts;
  const latestReadyName = latestReady(facts);
  return {
    ...observed(configuration),
    conditions: conditions(configuration, readyMark(facts, latestReadyName), facts.now),
    latestCreatedRevisionName: latestCreated.metadata.name,
    ...(latestReadyName === undefined ? {} : { latestReadyRevisionName: latestReadyName }),
  };
}

/** The status when the present generation makes no Revision. What was ready before stays so. */
export function failedConfigurationStatus(
  configuration: Configuration,
  reason: string,
  message: string,
  now: string,
): ConfigurationStatus {
  return {
    ...configuration.status,
    ...observed(configuration),
    conditions: conditions(configuration, isFalse(reason, message), now),
  };
}

/**
 * The newest ready Revision, but none older than the one that was so before: that one may have become
 * unready since, and going back in time is not what "latest" promises.
 */
function latestReady({ configuration, revisions }: ConfigurationFacts): string | undefined {
  const before = revisions.find(({ metadata }) => metadata.name === configuration.status?.latestReadyRevisionName);
  const least = before ? generationOf(before) : 0;
  const ready = revisions
    .filter((revision) => isReady(revision) && generationOf(revision) >= least)
    .toSorted((a, b) => generationOf(b) - generationOf(a));
  return (ready[0] ?? before)?.metadata.name;
}

function readyMark({ configuration, latestCreated }: ConfigurationFacts, latestReadyName: string | undefined): Mark {
  const { name } = latestCreated.metadata;
  const ready = conditionOf(latestCreated.status?.conditions, 'Ready');
  if (ready?.status === 'False') {
    return isFalse('RevisionFailed', `Revision "${name}" failed with message: ${ready.message ?? ''}.`);
  }
  if (latestReadyName === name) return isTrue;
  const before = configuration.status?.latestReadyRevisionName;
  return before !== undefined && latestReadyName === undefined
    ? isFalse('RevisionDeleted', `Revision "${before}" was deleted.`)
    : isUnknown();
}

function isReady(revision: Revision): boolean {
  return conditionOf(revision.status?.conditions, 'Ready')?.status === 'True';
}

function generationOf(revision: Revision): number {
  return Number(revision.metadata.labels?.[labels.configurationGeneration] ?? 0);
}

function observed(configuration: Configuration): Pick<ConfigurationStatus, 'observedGeneration'> {
  const { generation } = configuration.metadata;
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** `Ready` is all there is, so it depends on itself. */
function conditions(
  configuration: Configuration,
  ready: Mark,
  now: string,
): NonNullable<ConfigurationStatus['conditions']> {
  return livingConditions({
    dependents: ['Ready'],
    marks: { Ready: ready },
    previous: configuration.status?.conditions,
    now,
  });
}
