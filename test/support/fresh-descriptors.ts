/** Makes the descriptors of messages anew where what they are made of is newer: they are no part of a checkout. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const xds = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'packages', 'xds');

export function freshenDescriptors(): void {
  const made = join(xds, 'src', 'gen', 'admin.js');
  const madeAt = existsSync(made) ? statSync(made).mtimeMs : 0;
  const isStale = ['scripts', 'proto'].some((folder) =>
    readdirSync(join(xds, folder), { recursive: true, withFileTypes: true }).some((entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > madeAt),
  );
  if (isStale) execFileSync(process.execPath, [join(xds, 'scripts', 'generate-descriptor.ts')], { stdio: 'ignore' });
}
