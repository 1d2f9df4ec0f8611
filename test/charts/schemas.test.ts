/** Kubernetes' own schemas, and the kinds of the mesh by them. What the chart of the mesh renders is looked at in `matrix.test.ts`. */
import { describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import { problemsOf } from './schemas.ts';

describe.skipIf(kubernetesToolsMissing !== undefined)('Kubernetes takes', () => {
  test('the kinds of the mesh', async () => {
    const { objects } = await render({ chart: 'sluice-crds' });
    expect(objects.map((object) => [object.metadata.name, problemsOf(object)])).toEqual(objects.map(({ metadata }) => [metadata.name, []]));
  });
});

test('what is wrong is found, with its place', () => {
  const container = { name: 'a', image: 'a', resources: { limits: { memory: '64Mi', cpu: 1 } } };
  const deployment = (change: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { selector: {}, template: { spec: { containers: [{ ...container, ...change }] } } } });
  expect(problemsOf(deployment({}))).toEqual([]);
  expect(problemsOf(deployment({ imagee: 'b' }))).toEqual(['spec/template/spec/containers/0 must NOT have additional properties: imagee']);
  expect(problemsOf(deployment({ ports: [{ containerPort: '80' }] }))).toEqual(['spec/template/spec/containers/0/ports/0/containerPort must be integer']);
  expect(problemsOf(deployment({ resources: { limits: { memory: '64 MB' } } }))?.length).toBeGreaterThan(0);
});
