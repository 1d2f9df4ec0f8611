/** From the state of a rollout to the next: Knative's steps, share for share. */
import { noStep, sorted, type ConfigurationRollout, type RevisionRollout, type Rollout, type RolloutStep } from './rollout.ts';

export interface SteppedRollout {
  readonly rollout: Rollout;
  /** When to look again, in ns; 0: not until something else changes. */
  readonly nextStepTime: number;
}

/**
 * @param goal where the rollout is to end now
 * @param before how far it was; undefined where it begins
 * @param now in ns
 */
export function stepRollout(goal: Rollout, before: Rollout | undefined, now: number): SteppedRollout {
  const known = new Map((before?.configurations ?? []).map((configuration) => [keyOf(configuration), configuration]));
  const configurations = goal.configurations.flatMap((configuration) => {
    const was = known.get(keyOf(configuration));
    // What nobody gets any part of is forgotten, so that it begins anew when it is wanted again.
    if (configuration.percent === 0 && before !== undefined) return [];
    if (was === undefined || configuration.percent <= 1) return [configuration];
    return [stepConfiguration(configuration, was, now)];
  });
  const due = configurations.map(({ step }) => step.nextStepTime).filter((time) => time > 0);
  return { rollout: { configurations: sorted(configurations) }, nextStepTime: due.length === 0 ? 0 : Math.min(...due) };
}

function stepConfiguration(goal: ConfigurationRollout, was: ConfigurationRollout, now: number): ConfigurationRollout {
  const revisions = adjustTotal(was.revisions, was.percent, goal.percent);
  const newest = goal.revisions.at(-1)?.revisionName ?? '';
  const last = revisions.at(-1)?.revisionName;
  if (last === undefined) return goal;
  if (last === newest) return revisions.length < 2 ? goal : { ...goal, ...moveOn(revisions, was.step, goal.percent, now) };
  return { ...goal, revisions: begin(revisions, newest), step: { ...noStep, startTime: now } };
}

/** The shares as they must be for another total: what is added goes to the newest, what is taken comes from the oldest. */
export function adjustTotal(revisions: readonly RevisionRollout[], total: number, goal: number): RevisionRollout[] {
  if (goal === 0) return [];
  const last = revisions.length - 1;
  if (goal >= total) return revisions.map((revision, index) => (index === last ? { ...revision, percent: revision.percent + goal - total } : revision));
  let surplus = total - goal;
  return revisions.flatMap((revision) => {
    const taken = Math.min(surplus, revision.percent);
    surplus -= taken;
    return taken === revision.percent && taken > 0 ? [] : [{ ...revision, percent: revision.percent - taken }];
  });
}

/** The next step, if it is due: a share moves from the newest but one, and those before it, to the newest. */
export function moveOn(
  revisions: readonly RevisionRollout[],
  step: RolloutStep,
  total: number,
  now: number,
): Pick<ConfigurationRollout, 'revisions' | 'step'> {
  const newest = revisions.at(-1);
  if (step.stepSize <= 0 || now < step.nextStepTime || newest === undefined) return { revisions, step };
  let wanted = Math.min(step.stepSize, total - newest.percent);
  const left: RevisionRollout[] = [{ ...newest, percent: newest.percent + wanted }];
  for (const revision of revisions.slice(0, -1).toReversed()) {
    const taken = Math.min(wanted, revision.percent);
    wanted -= taken;
    if (taken < revision.percent) left.unshift({ ...revision, percent: revision.percent - taken });
  }
  return { revisions: left, step: left.length < 2 ? noStep : { ...step, nextStepTime: now + step.stepDuration } };
}

/** A revision that has just become ready begins with one percent, from the newest that has any. */
function begin(revisions: readonly RevisionRollout[], newest: string): RevisionRollout[] {
  const giver = revisions.findLastIndex(({ percent }) => percent > 0);
  const left = revisions.map((revision, index) => (index === giver ? { ...revision, percent: revision.percent - 1 } : revision));
  return [...left, { revisionName: newest, percent: 1 }];
}

function keyOf({ tag, configurationName }: ConfigurationRollout): string {
  return `${tag} ${configurationName}`;
}
