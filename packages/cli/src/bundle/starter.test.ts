import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { forgetFormer, starterOf, wrap } from './starter.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-starter-'));

afterEach(() => rmSync(join(folder, 'compiled'), { recursive: true, force: true }));

function bundleOf(text: string): string {
  const wrapped = wrap(text);
  writeFileSync(join(folder, 'a-code.cjs'), wrapped);
  writeFileSync(join(folder, 'a.cjs'), starterOf('a-code.cjs', wrapped));
  return wrapped;
}

const run = (...flags: string[]) => execFileSync(process.execPath, [...flags, join(folder, 'a.cjs'), 'x'], { encoding: 'utf8' });
const kept = () => readdirSync(join(folder, 'compiled'));

test('a bundle is started as a module would be', () => {
  bundleOf(`console.log(typeof require('node:fs').statSync, module.exports === exports, __filename.slice(__dirname.length), process.argv[2]);`);
  const said = 'function true /a-code.cjs x\n';
  expect([run(), run()]).toEqual([said, said]);
});

test('another text of the same length is not taken for the former', () => {
  bundleOf(`console.log('one');`);
  expect([run(), run()]).toEqual(['one\n', 'one\n']);
  bundleOf(`console.log('two');`);
  expect(run()).toBe('two\n');
});

test('each set of flags keeps its own', () => {
  bundleOf(`console.log(1);`);
  run();
  run('--max-lazy');
  run();
  expect(kept()).toHaveLength(2);
});

test('what was compiled of former texts goes, and nothing else', async () => {
  bundleOf(`console.log('former');`);
  run();
  const wrapped = bundleOf(`console.log('now');`);
  run();
  mkdirSync(join(folder, 'compiled/of-node'));
  await forgetFormer(folder, 'a-code.cjs', wrapped);
  expect(kept().map((name) => name.replace(/-[0-9a-f-]+$/, ''))).toEqual(['a-code.cjs', 'of-node']);
  await forgetFormer(join(folder, 'nowhere'), 'a-code.cjs', wrapped);
});
