import { expect, test } from 'vitest';
import { detectResource } from './resource-attributes.ts';

const context = (text: string | undefined) => ({ hostName: '', variable: (name: string) => (name === 'OTEL_RESOURCE_ATTRIBUTES' ? text : undefined) });

test('the environment tells attributes, percent-encoded', () => {
  expect(detectResource([{ kind: 'environment' }], context('service.namespace=shop, zone=a%2Cb,bad%zz=%zz,nothing,empty='))).toEqual({ 'service.namespace': 'shop', zone: 'a,b', 'bad%zz': '%zz' });
});

test('of two that know the same the later counts, unless it is empty', () => {
  const detectors = [{ kind: 'environment' }, { kind: 'static', attributes: new Map([['zone', 'b'], ['team', '']]) }] as const;
  expect(detectResource(detectors, context('zone=a,team=edge'))).toEqual({ zone: 'b', team: 'edge' });
});

test('who knows nothing says nothing', () => {
  expect(detectResource([{ kind: 'environment' }], context(undefined))).toBeUndefined();
});
