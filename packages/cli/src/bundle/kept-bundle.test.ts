import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keptBundle } from './kept-bundle.ts';

function program() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('part.ts', `export const word: string = 'first';`);
  write('main.ts', `import { word } from './part.ts';\nprocess.stdout.write(word);`);
  return { folder, write, made: () => keptBundle('program', join(folder, 'main.ts'), [join(folder, 'kept')]) };
}

test('is made once, and again when a file that it is made of has changed', { timeout: 60_000 }, async () => {
  const { folder, write, made } = program();
  const first = await made();
  expect(await made()).toBe(first);
  write('part.ts', `export const word: string = 'second';`);
  const second = await made();
  expect(second).not.toBe(first);
  expect(await readFile(second.replace('.cjs', '-code.cjs'), 'utf8')).toContain('second');
  // Whoever runs on the former one goes on.
  expect(await readFile(first.replace('.cjs', '-code.cjs'), 'utf8')).toContain('first');
  utimesSync(join(folder, 'main.ts'), new Date(0), new Date(0));
  expect(await made()).not.toBe(second);
});

test('is made anew where it has been removed', { timeout: 60_000 }, async () => {
  const { folder, made } = program();
  const first = await made();
  rmSync(join(folder, 'kept'), { recursive: true });
  expect(await readFile(await made(), 'utf8')).toContain('program-code.cjs');
  expect(first).toContain('kept');
});

test('is kept elsewhere where the first folder cannot be written', { timeout: 60_000 }, async () => {
  const { folder, write } = program();
  write('in-the-way', '');
  const file = await keptBundle('program', join(folder, 'main.ts'), [join(folder, 'in-the-way'), join(folder, 'kept')]);
  expect(file.startsWith(join(folder, 'kept'))).toBe(true);
});
