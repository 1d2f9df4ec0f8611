/** Every document that the charts render, in every variant, by Kubernetes' own schemas. */
import { describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import { problemsOf } from './schemas.ts';
import { variants } from './variants.ts';

/** Kinds of others, whose schemas those bring. */
const ofOthers = ['ServiceMonitor'];

describe.skipIf(kubernetesToolsMissing !== undefined)('Kubernetes takes', () => {
  test.each([...variants])('all that is rendered with $name', async ({ set, ...rest }) => {
    const { objects } = await render({ set, ...rest });
    for (const object of objects) {
      const found = problemsOf(object);
      if (found === undefined) expect(ofOthers).toContain(object.kind);
      else expect({ object: `${object.kind} ${object.metadata.name}`, problems: found }).toEqual({ object: `${object.kind} ${object.metadata.name}`, problems: [] });
    }
  });

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
