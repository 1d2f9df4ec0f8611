/** Texts that stand in files, or in variables of the environment. Read when a configuration that names them is compiled. */
import { readFileSync } from 'node:fs';
import type { DataSources } from '../data-sources.ts';

/** Bytes of one file. Chosen: what is read here are bodies and formats, not data. */
const fileBytesMax = 1024 * 1024;

export function createFileDataSources(environment: Readonly<Record<string, string | undefined>>): DataSources {
  return {
    read(source) {
      switch (source.kind) {
        case 'inline':
          return source.text;
        case 'environment': {
          const text = environment[source.variable];
          if (text === undefined) throw new Error(`the environment has no ${source.variable}`);
          return text;
        }
        case 'file': {
          const bytes = readFileSync(source.path);
          if (bytes.length > fileBytesMax) throw new Error(`${source.path} has ${bytes.length} bytes, may have at most ${fileBytesMax}`);
          return bytes.toString('utf8');
        }
      }
    },
  };
}
