import { expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { aPodAutoscaler, aRevision, aRoute } from '../testing/index.ts';
import { build } from './build.ts';
import { LiveModel } from './live-model.ts';
import { readSessionAffinity, sessionAffinityAnnotation } from './session-affinity.ts';

test.each([
  ['cookie', { kind: 'cookie', name: 'sluice-session', ttlSeconds: 0 }],
  ['cookie=stay', { kind: 'cookie', name: 'stay', ttlSeconds: 0 }],
  [' cookie = stay ; ttl = 1h30m ', { kind: 'cookie', name: 'stay', ttlSeconds: 5400 }],
  ['header=X-User', { kind: 'header', name: 'x-user' }],
  ['query=user', { kind: 'query', name: 'user' }],
  ['client-address', { kind: 'client-address' }],
  ['', undefined],
])('%j', (text, affinity) => {
  expect(readSessionAffinity({ [sessionAffinityAnnotation]: text })).toEqual({ affinity, problem: undefined });
});

test.each(['sticky', 'cookie=a b', 'cookie; ttl=soon', 'cookie; ttl=1ms', 'cookie; ttl=1h; ttl=2h', 'header', 'header=x; ttl=1h', 'client-address=x', 'query='])('%j is refused, and there is no affinity', (text) => {
  const { affinity, problem } = readSessionAffinity({ [sessionAffinityAnnotation]: text });
  expect([affinity, problem?.path]).toEqual([undefined, 'metadata.annotations.networking.sluice.dev/session-affinity']);
  expect(problem?.message).toContain(`invalid value: ${text}, want cookie`);
});

const config = { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] } };
const options = { config, activatorService: 'sluice-system/activator-service' };
const route = (text: string) => aRoute('hello', [{ revisionName: 'hello-00001', percent: 100 }], { annotations: { [sessionAffinityAnnotation]: text } });
const objects = (text: string) => ({ routes: [route(text)], revisions: [aRevision('hello', 1)], podAutoscalers: [aPodAutoscaler('hello-00001')], serverlessServices: [], endpointSlices: [] });

test('the model has it on the route, and what is wrong with it on the object, which is served without', () => {
  const good = build(objects('header=x-user'), options);
  expect([good.routes.map(({ affinity }) => affinity), good.problems]).toEqual([[{ kind: 'header', name: 'x-user' }], []]);
  const bad = build(objects('sticky'), options);
  expect(bad.routes.map(({ name, affinity }) => [name, affinity])).toEqual([['default/hello', undefined]]);
  expect(bad.problems).toMatchObject([{ kind: 'Route', name: 'hello', problem: { path: 'metadata.annotations.networking.sluice.dev/session-affinity' } }]);
});

test('a change of it alone is a change of the route', () => {
  const model = new LiveModel(options);
  for (const object of objects('cookie').revisions) model.set('revisions', 'default/hello-00001', object);
  model.set('routes', 'default/hello', route('cookie'));
  model.take();
  model.set('routes', 'default/hello', route('header=x-user'));
  expect([...model.take().routes]).toEqual(['default/hello']);
  expect(model.route('default/hello')?.affinity).toEqual({ kind: 'header', name: 'x-user' });
});
