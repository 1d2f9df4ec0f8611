/** Small rules of the house that a reader should never have to remember. */
import { expect, test } from 'vitest';
import { codeOnly, files, packages, read, where } from './tree.ts';

const typescript = files.filter((file) => file.endsWith('.ts') && !file.includes('/gen/'));

test('each package says what it is in a README', () => {
  const missing = [...packages.keys()].filter((folder) => !files.includes(`${folder}/README.md`));
  expect(missing).toEqual([]);
});

test('nothing is called by a name that says nothing', () => {
  const vague = files.filter((file) => /(^|\/)(utils?|common|helpers?|misc|types|constants)(\.ts$|\/)/.test(file));
  expect(vague).toEqual([]);
});

test('only syntax that erases: no enum, namespace or parameter property', () => {
  const wrong: string[] = [];
  for (const file of typescript) {
    codeOnly(read(file))
      .split('\n')
      .forEach((line, index) => {
        if (/^\s*(export\s+)?(const\s+)?enum\s|^\s*(export\s+)?namespace\s/.test(line)) wrong.push(where(file, index + 1));
      });
  }
  expect(wrong).toEqual([]);
});

test('no type is forced', () => {
  const wrong: string[] = [];
  for (const file of typescript.filter((name) => name.startsWith('packages/') && !name.endsWith('.test.ts'))) {
    codeOnly(read(file))
      .split('\n')
      .forEach((line, index) => {
        if (/\bas unknown as\b|:\s*any\b|\bas any\b/.test(line)) wrong.push(where(file, index + 1));
      });
  }
  expect(wrong).toEqual([]);
});

test('dependencies are pinned to exact versions', () => {
  const loose: string[] = [];
  for (const file of files.filter((name) => name.endsWith('package.json') && !name.startsWith('examples/'))) {
    const manifest = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>;
    for (const group of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries(manifest[group] ?? {})) {
        if (!/^(workspace:\*|\d+\.\d+\.\d+)$/.test(version)) loose.push(`${file}: ${name} ${version}`);
      }
    }
  }
  expect(loose).toEqual([]);
});

test('the lockfile names no host', () => {
  const lines = read('pnpm-lock.yaml').split('\n').filter((line) => /https?:\/\//.test(line) && !/deprecated/.test(line));
  expect(lines).toEqual([]);
});

test('no test is switched off by hand', () => {
  const wrong: string[] = [];
  for (const file of typescript.filter((name) => name.endsWith('.test.ts'))) {
    codeOnly(read(file))
      .split('\n')
      .forEach((line, index) => {
        if (/\b(test|it|describe)\.(only|todo)\b|\b(test|it|describe)\.skip\(/.test(line)) wrong.push(where(file, index + 1));
      });
  }
  expect(wrong).toEqual([]);
});
