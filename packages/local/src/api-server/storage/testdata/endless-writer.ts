/** Writes objects into the file it is given until it is killed, and says the version of each that is kept. */
import { writeSync } from 'node:fs';
import { silentLogger } from '@sluice/kernel';
import { openFileStorage } from '../file-storage.ts';

const storage = openFileStorage(process.argv[2] as string, { logger: silentLogger });
for (let version = 2; ; version++) {
  storage.put({ key: `/configmaps/default/n${version}`, resourceVersion: version, text: `{"n":${version},"pad":"${'x'.repeat(200)}"}` });
  writeSync(1, `${version}\n`);
}
