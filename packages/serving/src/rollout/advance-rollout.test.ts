import { expect, test } from 'vitest';
import { aRoute } from '../testing/index.ts';
import { advanceRollout, rolloutDurationSeconds } from './advance-rollout.ts';

const route = (annotations: Readonly<Record<string, string>> = {}) => {
  const made = aRoute('hello', []);
  return { ...made, metadata: { ...made.metadata, annotations } };
};

test.each<[string, Readonly<Record<string, string>>, number, number]>([
  ['the Route', { 'serving.knative.dev/rollout-duration': '2m' }, 30, 120],
  ['the Route, as it was once spelt', { 'serving.knative.dev/rolloutDuration': '90s' }, 30, 90],
  ['the cluster, where the Route says nothing', {}, 30, 30],
  ['the cluster, where the Route says nothing of use', { 'serving.knative.dev/rollout-duration': '0s' }, 30, 30],
])('the duration is that of %s', (_, annotations, cluster, expected) => {
  expect(rolloutDurationSeconds(route(annotations), { rolloutDurationSeconds: cluster })).toBe(expected);
});

test('without a duration there is no rollout', () => {
  const facts = { route: route(), targets: [], network: { rolloutDurationSeconds: 0 }, isServed: true, nowMs: 0 };
  expect(advanceRollout(facts)).toBeUndefined();
});
