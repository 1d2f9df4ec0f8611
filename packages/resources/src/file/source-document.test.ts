import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSource } from './source-document.ts';

async function locate(text: string, path: string): Promise<string> {
  const parsed = await parseSource(text, 'f.yaml');
  if (!parsed.ok) throw new Error('does not parse');
  const [found] = parsed.document.locate([{ path, message: 'm', severity: 'error' }]);
  return `${found?.position?.line}:${found?.position?.column}`;
}

const text = ['a:', '  b:', '    - c: 1', '    - {d: 2}', '  x.y.z: {e: 3}', 'camelCase: 4'].join('\n');

test.each([
  ['a', '1:1'],
  ['a.b', '2:3'],
  ['a.b[0].c', '3:7'],
  ['a.b[1].d', '4:8'],
  ['a["x.y.z"].e', '5:11'],
  ['camel_case', '6:1'],
])('%s stands at %s', async (path, position) => {
  expect(await locate(text, path)).toBe(position);
});

test('a field that is not there is shown where its parent stands', async () => {
  expect(await locate(text, 'a.b[1].missing.deeper')).toBe('4:7');
  expect(await locate(text, '')).toBe('1:1');
});

test('problems come in the order of the file', async () => {
  const parsed = await parseSource(text, 'f.yaml');
  if (!parsed.ok) throw new Error('does not parse');
  const problems = ['camelCase', 'a.b[1]', 'a'].map((path) => ({ path, message: '', severity: 'error' as const }));
  expect(parsed.document.locate(problems).map(({ path }) => path)).toEqual(['a', 'a.b[1]', 'camelCase']);
});

test('a path leads through an alias to where the value was written', async () => {
  expect(await locate('base: &b\n  x: 1\nuse: *b\n', 'use.x')).toBe('2:3');
});

test('a malformed file gives line and column', async () => {
  const parsed = await parseSource('a:\n  - b\n c: [\n', 'f.yaml');
  expect(parsed.ok).toBe(false);
  if (!parsed.ok) expect(parsed.problems[0]).toMatchObject({ severity: 'error', position: { file: 'f.yaml', line: 3 } });
});

test('a key that stands twice is an error, not a choice', async () => {
  const parsed = await parseSource('a: 1\na: 2\n', 'f.yaml');
  expect(parsed).toMatchObject({ ok: false, problems: [{ position: { line: 2, column: 1 } }] });
});

test('JSON is read the same way', async () => {
  expect(await locate('{\n  "a": {"b": [1, 2]}\n}', 'a.b[1]')).toBe('2:18');
});

test('aliases cannot be used to make a small file large', async () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, index) => {
    const previous = 'abcdefghi'[index] as string;
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${previous}`).join(',')}]`;
  })].join('\n');
  const parsed = await parseSource(bomb, 'f.yaml');
  expect(parsed).toMatchObject({ ok: false });
});

test('whatever the text, parsing ends with a document or problems', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (anything) => {
      const parsed = await parseSource(anything, 'f.yaml');
      return parsed.ok || parsed.problems.length > 0;
    }),
  );
});
