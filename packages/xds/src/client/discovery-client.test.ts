/** The client's machine by scenario files, each variant by its own; `in-force.scenario` has a consumer that confirms. */
import { readdirSync, readFileSync } from 'node:fs';

import { runScenario } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';

import { createClientPlayer } from '../testing/client-player.ts';

const scenarios = (['sotw', 'delta'] as const).flatMap((variant) => {
  const folder = new URL(`../../testdata/${variant}-client/`, import.meta.url);
  return readdirSync(folder).map((file) => ({ variant, file, path: new URL(file, folder) }));
});

test.each(scenarios)('$variant: $file', async ({ variant, file, path }) => {
  const player = createClientPlayer(variant, { confirms: file.startsWith('in-force') });
  const text = runScenario(readFileSync(path, 'utf8'), (command) => player.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});
