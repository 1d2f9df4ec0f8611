import { formatProblem } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { parseManifests } from './read.ts';

test('several documents in one file, each with its line', () => {
  const text = '# hello\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n';
  const { manifests, problems } = parseManifests(text, 'all.yaml');
  expect(problems).toEqual([]);
  expect(manifests.map(({ line, object }) => [line, object.kind])).toEqual([
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
