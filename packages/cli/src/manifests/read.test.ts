import { formatProblem } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { parseManifests, type Manifest } from './read.ts';

test('several documents in one file, each with its line', () => {
  const text = '# hello\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n';
  const { manifests, problems } = parseManifests(text, 'all.yaml');
  expect(problems).toEqual([]);
  expect(manifests.map(({ positionOf, object }) => [positionOf('').line, object.kind])).toEqual([
    [2, 'ConfigMap'],
    [6, 'Secret'],
  ]);
});

test('malformed YAML is told by file, line and column, and gives nothing', () => {
  const { manifests, problems } = parseManifests('apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n bad: [1, 2\n', 'bad.yaml');
  expect(manifests).toEqual([]);
  expect(problems.length).toBeGreaterThan(0);
  expect(formatProblem(problems[0] as (typeof problems)[0])).toMatch(/^bad\.yaml:5:\d+: /);
});

test('an object without a name says what is missing', () => {
  const { problems } = parseManifests('\n\nkind: Service\n', 'nameless.yaml');
  expect(problems.map(formatProblem)).toEqual([
    'nameless.yaml:3:1: not an object of the Kubernetes API: missing apiVersion, metadata.name',
  ]);
});

test('an empty file is no problem', () => {
  expect(parseManifests('# nothing yet\n', 'empty.yaml')).toEqual({ manifests: [], problems: [] });
});

test('an empty document among others is no problem', () => {
  const { manifests, problems } = parseManifests('---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n', 'some.yaml');
  expect(problems).toEqual([]);
  expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['a']);
});

test('an alias without its anchor is told where it stands', () => {
  const { manifests, problems } = parseManifests('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: *nothing\n', 'alias.yaml');
  expect(manifests).toEqual([]);
  expect(problems.map(formatProblem)).toEqual(['alias.yaml:4:7: *nothing stands for nothing: no &nothing before it']);
});

test('aliases that would grow without end are refused', () => {
  const layers = Array.from({ length: 12 }, (_, depth) => `l${depth + 1}: &l${depth + 1} [${Array.from({ length: 9 }, () => `*l${depth}`).join(', ')}]`);
  const { manifests, problems } = parseManifests(['apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: a}', 'l0: &l0 [x]', ...layers].join('\n'), 'bomb.yaml');
  expect(manifests).toEqual([]);
  expect(problems.map(formatProblem)).toEqual([expect.stringMatching(/^bomb\.yaml:1:1: excessive alias count/)]);
});

test('fields have a place in the file, and what is missing has the place of what is around it', () => {
  const text = 'apiVersion: v1\nkind: Thing\nmetadata:\n  name: a\nspec:\n  list:\n    - image: x\n      comand: [y]\n    - {deep: {er: 1}}\n';
  const { positionOf } = parseManifests(text, 'a.yaml').manifests[0] as Manifest;
  const at = (path: string): string => `${positionOf(path).line}:${positionOf(path).column}`;
  expect(at('')).toBe('1:1');
  expect(at('spec.list[0].comand')).toBe('8:7');
  expect(at('spec.list[1].deep.er')).toBe('9:15');
  expect(at('spec.list[1].other')).toBe('9:7');
  expect(at('spec.list[7]')).toBe('6:3');
  expect(at('metadata.labels')).toBe('3:1');
});
