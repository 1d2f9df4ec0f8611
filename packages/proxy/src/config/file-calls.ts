/** Node's calls on files as promises. Not by `node:fs/promises`, which a start would load for nothing else. */
import { readdir as readdirOf, readFile as readFileOf, realpath as realpathOf, stat as statOf } from 'node:fs';
import { promisify } from 'node:util';

export const readdir = promisify(readdirOf);
export const readFile = promisify(readFileOf);
export const realpath = promisify(realpathOf);
export const stat = promisify(statOf);
