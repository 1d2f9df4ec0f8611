import { expect, test } from 'vitest';
import { annotations, inheritedAnnotations } from './labels.ts';

test('what speaks of the parent alone is not inherited', () => {
  const own = {
    'autoscaling.knative.dev/window': '10s',
    [annotations.lastApplied]: '{}',
    // Routes write these when traffic changes; in a pod template they would roll the pods.
    [annotations.routes]: 'hello',
    [annotations.routingStateModified]: '2026-01-01T00:00:00Z',
  };
  expect(inheritedAnnotations(own)).toEqual({ 'autoscaling.knative.dev/window': '10s' });
});
