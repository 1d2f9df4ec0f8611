import { expect, it } from 'vitest';
import type { Deployment } from '@sluice/kubernetes';
import { findNewReplicaSet, newReplicaSet } from './template.ts';

const deployment = (image: string, more: object = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image, ...more }] } } },
});

it('finds the ReplicaSet of the present template, in whatever order its fields stand, and no other', () => {
  const olds = ['one', 'two'].map((image) => newReplicaSet(deployment(image, { args: ['a'], command: ['b'] }), 1, 1));
  expect(findNewReplicaSet(deployment('two', { args: ['a'], command: ['b'] }), olds)).toBe(olds[1]);
  expect(findNewReplicaSet(deployment('two', { command: ['b'], args: ['a'] }), olds)).toBe(olds[1]);
  expect(findNewReplicaSet(deployment('two', { command: ['b'] }), olds)).toBeUndefined();
});
