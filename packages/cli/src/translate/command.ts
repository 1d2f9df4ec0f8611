/** The command with the process's own streams. */
import { readFileSync } from 'node:fs';
import { runTranslate, type TranslateFlags } from './translate.ts';

export function translateCommand(flags: TranslateFlags): number {
  return runTranslate(flags, {
    readInput: () => readFileSync(0, 'utf8'),
    write: (text) => void process.stdout.write(text),
    complain: (line) => void process.stderr.write(`${line}\n`),
  });
}
