/** Reads the messages of a folder of the corpus; how they are written is said in `corpus/README.md`. */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CorpusEntry {
  readonly name: string;
  readonly bytes: Buffer;
}

const corpus = fileURLToPath(new URL('corpus', import.meta.url));

/** @param folder below `corpus`: `http1/request` */
export function readCorpus(folder: string): readonly CorpusEntry[] {
  const names = readdirSync(join(corpus, folder)).filter((name) => name.endsWith('.txt')).sort();
  return names.map((name) => ({ name: name.slice(0, -'.txt'.length), bytes: unescape(readFileSync(join(corpus, folder, name), 'utf8')) }));
}

/** The same form, for a message to be kept. Breaks lines after each `\n`. */
export function escape(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/[^ -[\]-~]/g, (byte) => names[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return text.replaceAll('\\n', '\\n\n').replace(/\n?$/, '\n');
}

const names: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' };

function unescape(text: string): Buffer {
  const lines = text.split('\n').filter((line) => !line.startsWith('# '));
  const plain = lines.join('').replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, hex: string | undefined, letter: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return { r: '\r', n: '\n', t: '\t' }[letter ?? ''] ?? (letter as string);
  });
  return Buffer.from(plain, 'latin1');
}
