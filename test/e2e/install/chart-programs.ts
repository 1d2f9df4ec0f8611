/** What the images of the chart hold, made of the sources and kept until those change. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptBundle, rolesFor } from '@sluice/cli';
import type { ProgramTable } from './image-programs.ts';

/** Where images have Node. */
const imageNode = '/usr/local/bin/node';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** As the Dockerfiles say, unless this checkout is where only its owner may look. */
const user = isForEverybody(root) ? { user: 65_532 } : {};

/**
 * @param fromSources everything but the sidecar as it lies here, by whoever runs this: bundles take half a minute of a processor, and what V8 has compiled of the sources is there in an
 * everyday run
 */
export async function chartPrograms({ fromSources }: { readonly fromSources: boolean }): Promise<ProgramTable> {
  const cache = join(root, 'node_modules/.cache/sluice');
  mkdirSync(cache, { recursive: true });
  const table: Record<string, ProgramTable[string]> = {
    // What the tests deploy is no image of the chart.
    hello: { command: [process.execPath, join(import.meta.dirname, 'hello-program.ts')], ...user },
  };
  for (const { name, folder, entry, nodeFlags } of rolesFor('')) {
    // Nobody asks for a proxy here.
    if (name === 'proxy') continue;
    if (fromSources && name !== 'queue-proxy') {
      table[name] = { command: [imageNode, ...nodeFlags, join(root, 'packages', folder, entry)], files: { [imageNode]: process.execPath } };
      continue;
    }
    const file = await keptBundle(name, join(root, 'packages', folder, entry), [cache]);
    // Made for whoever made it; containers are somebody else.
    chmodSync(dirname(file), 0o755);
    table[name] = { command: [imageNode, ...nodeFlags, file], files: { [imageNode]: process.execPath }, ...user };
  }
  return table;
}

function isForEverybody(folder: string): boolean {
  if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  return folder === dirname(folder) || isForEverybody(dirname(folder));
}
