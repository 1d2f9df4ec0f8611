/** Plays every recorded scenario, each to a server of its own, and sums up. */
import { readRecordings, type Exchange } from './exchange.ts';
import { replayScenario, type Outcome } from './replay.ts';

/** Scenarios that begin on a server on which another one had installed its definitions. */
const BUILDS_ON_DEFINITIONS = ['06-get-and-tables', '15-errors', '20-lesser-servers'];
const DEFINITIONS = '02-crd-install';

export async function replayAll(): Promise<Map<string, Outcome[]>> {
  const recordings = readRecordings();
  const outcomes = new Map<string, Outcome[]>();
  for (const [scenario, exchanges] of recordings) {
    const before = BUILDS_ON_DEFINITIONS.includes(scenario) ? definitionsOf(recordings.get(DEFINITIONS) ?? []) : [];
    outcomes.set(scenario, await replayScenario(exchanges, before));
  }
  return outcomes;
}

function definitionsOf(exchanges: readonly Exchange[]): Exchange[] {
  return exchanges.filter(({ method, path }) => method === 'POST' && path.includes('/customresourcedefinitions'));
}
