/** A sidecar that is started before anybody knows for whom: what can be done ahead, and then to wait to be told. */
import { readFileSync } from 'node:fs';
import { createIdleCollector, silentLogger } from '@sluice/kernel';
import { createSystemNetwork } from '@sluice/proxy';
import { takePlace } from './place.ts';
import { rehearse, type RehearsalParts } from './rehearsal.ts';

/** Standard input. */
const told = 0;

/** Does not fulfil in a process that is told nothing: it ends. */
export async function waitForPlace(parts: Omit<RehearsalParts, 'network'>): Promise<void> {
  const network = await createSystemNetwork({ timers: parts.timers, logger: silentLogger, platform: process.platform });
  await rehearse({ ...parts, network });
  // What has ended is closed in turns of its own.
  await new Promise((resolve) => setImmediate(resolve));
  // Of what has been used once.
  createIdleCollector()();
  // Blocked, which takes no time and no timer.
  if (!takePlace(readFileSync(told, 'utf8'), process)) process.exit(0);
}
