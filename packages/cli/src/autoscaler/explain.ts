/** `sluice autoscaler explain`: why a revision has the pods it has, asked of a running autoscaler or of a recording. */
import type { RevisionDecision } from '@sluice/autoscaler';
import { explainAtLength } from '@sluice/scaling';
import { runExplainRecorded, type ExplainRecordedFlags, type Streams } from './simulate.ts';

export interface ExplainFlags extends ExplainRecordedFlags {
  /** `host:port` of a running autoscaler's metrics. */
  readonly autoscaler: string;
  /** A recording instead. */
  readonly file?: string;
}

export async function runExplain(revision: string | undefined, flags: ExplainFlags, streams: Streams): Promise<number> {
  if (flags.file !== undefined) return runExplainRecorded(flags.file, { ...flags, ...(revision === undefined ? {} : { revision }) }, streams);
  const key = revision === undefined || revision.includes('/') ? revision : `default/${revision}`;
  const query = key === undefined ? '' : `?revision=${encodeURIComponent(key)}`;
  let decisions: readonly RevisionDecision[];
  try {
    const answer = await fetch(`http://${flags.autoscaler}/decisions${query}`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    decisions = (await answer.json()) as readonly RevisionDecision[];
  } catch (error) {
    streams.say(`error: the autoscaler at ${flags.autoscaler} does not answer: ${error instanceof Error ? (error.cause as Error | undefined)?.message ?? error.message : String(error)}`);
    return 1;
  }
  if (decisions.length === 0) {
    streams.say(key === undefined ? 'nothing has been decided yet' : `nothing has been decided on ${key}: it is not known here, or has reported no load`);
    return key === undefined ? 0 : 1;
  }
  for (const decision of decisions) streams.write(`${describe(decision).join('\n')}\n\n`);
  return 0;
}

function describe(explained: RevisionDecision): readonly string[] {
  const { revision, decision } = explained;
  const head = `${revision}: ${decision.desiredPods} pods before its bounds${decision.isPanicking ? ', in panic' : ''}`;
  return [head, decision.reason, '', ...explainAtLength(explained)];
}
