import { formatProblem, problem } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { mergeDocuments, type MergedDocument } from './merge-documents.ts';
import { parseSource, type SourceDocument } from './source-document.ts';

async function documents(...texts: readonly string[]): Promise<SourceDocument[]> {
  const parsed = await Promise.all(texts.map((text, index) => parseSource(text, `${'abc'[index]}.yaml`)));
  return parsed.map((source) => {
    if (!source.ok) throw new Error(JSON.stringify(source.problems));
    return source.document;
  });
}

function place({ document }: MergedDocument, path: string): string {
  const [found] = document.locate([problem(path, 'here')]);
  return found ? formatProblem(found) : '';
}

test('lists follow each other, objects are merged, of other values the last stays', async () => {
  const merged = mergeDocuments(await documents('node: {id: a, cluster: c}\nlist: [1]', 'node: {id: b}\nlist: [2, 3]'), { overrides: true });
  expect(merged.document.json).toEqual({ node: { id: 'b', cluster: 'c' }, list: [1, 2, 3] });
  expect(merged.problems).toEqual([]);
});

test('both spellings of a field are one field', async () => {
  const merged = mergeDocuments(await documents('static_resources: {clusters: [1]}', 'staticResources: {clusters: [2]}'), { overrides: false });
  expect(merged.document.json).toEqual({ static_resources: { clusters: [1, 2] } });
});

test('every part is found in the file it came from', async () => {
  const merged = mergeDocuments(await documents('list:\n- name: x', 'other: 1\nlist:\n- name: y\n- name: z', 'list:\n- {name: w}'), { overrides: false });
  expect(place(merged, 'list[0].name')).toBe('a.yaml:2:3: list[0].name: here');
  expect(place(merged, 'list[2].name')).toBe('b.yaml:4:3: list[2].name: here');
  expect(place(merged, 'list[3].name.first')).toBe('c.yaml:2:4: list[3].name.first: here');
  expect(place(merged, 'other')).toBe('b.yaml:1:1: other: here');
});

test('two values for one field are a problem where a later file may not override', async () => {
  const merged = mergeDocuments(await documents('admin: {port: 1}', 'admin:\n  port: 2'), { overrides: false });
  expect(merged.problems.map(formatProblem)).toEqual(['b.yaml:2:3: admin.port: is given by a.yaml:1 already, with another value']);
});

test('the same value twice is none', async () => {
  expect(mergeDocuments(await documents('node: {id: a}', 'node: {id: a}'), { overrides: false }).problems).toEqual([]);
});

test('one document stays as it is', async () => {
  const [only] = await documents('a: 1');
  expect(mergeDocuments([only as SourceDocument], { overrides: false }).document).toBe(only);
});
