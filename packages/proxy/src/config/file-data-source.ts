/** Reads the files that configuration points at. */
import { readFileSync } from 'node:fs';
import type { DataReader } from '../filters/data-reader.ts';

/** Reads while configuration is compiled, which is where a missing file must be heard of. */
export const systemDataReader: DataReader = { file: (path) => readFileSync(path, 'utf8') };
