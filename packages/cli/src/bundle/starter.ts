/**
 * Starts a bundle from what V8 has compiled of it before, which is kept beside it in `compiled`: all that has run by the time it is kept,
 * so that what runs at each start and for each request is not compiled again. (Node's own cache keeps what is compiled by loading: hundreds of
 * functions would be left, half of a start. It does for libraries.) Whoever makes an image starts the executable once, asks it once and ends it.
 *
 * Where the folder cannot be written, what is there is used. V8 takes only what was compiled by itself and under the same flags, so each set of
 * flags has a file; what it refuses is made anew.
 */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** When what has been compiled is kept, if the process has not ended before: when starting is over, but what it was made of is still held. Chosen. */
const keptAfterMs = 800;

/** What stands around the text of a bundle, as around that of every CommonJS module. */
export function wrap(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
}

/** Removes what was compiled of former texts of a bundle, which nobody takes any more. */
export async function forgetFormer(folder: string, code: string, wrapped: string): Promise<void> {
  const compiled = join(folder, 'compiled');
  const names = await readdir(compiled).catch(() => []);
  const former = names.filter((name) => name.startsWith(`${code}-`) && !name.startsWith(`${code}-${hashOf(wrapped)}`));
  await Promise.all(former.map((name) => rm(join(compiled, name), { force: true })));
}

/** V8 looks at the length of a text only: what was compiled from another one must not be found. */
function hashOf(wrapped: string): string {
  return createHash('sha256').update(wrapped).digest('hex').slice(0, 16);
}

/** @param code name of the file that holds the bundle @param wrapped its content, all ASCII */
export function starterOf(code: string, wrapped: string): string {
  const hash = hashOf(wrapped);
  return `'use strict';
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const filename = __dirname + '/${code}';
let flags = 0;
for (const letter of process.execArgv.join(' ')) flags = (Math.imul(flags, 31) + letter.charCodeAt(0)) >>> 0;
const kept = __dirname + '/compiled/${code}-${hash}-' + flags.toString(16);
let cachedData;
try {
  cachedData = readFileSync(kept);
} catch {}
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
if (!cachedData || script.cachedDataRejected) {
  let isKept = false;
  const keep = () => {
    if (isKept) return;
    isKept = true;
    const fresh = kept + '.' + process.pid + Math.random();
    try {
      mkdirSync(__dirname + '/compiled', { recursive: true });
      writeFileSync(fresh, script.createCachedData());
      renameSync(fresh, kept);
    } catch {}
  };
  process.once('exit', keep);
  setTimeout(keep, ${keptAfterMs}).unref();
}
cachedData = undefined;
script.runInThisContext().call(exports, exports, require, module, filename, __dirname);
`;
}
