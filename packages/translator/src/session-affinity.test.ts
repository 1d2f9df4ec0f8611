import { typeUrls } from '@sluice/resources';
import { expect, test } from 'vitest';
import { nodeGroups } from './names.ts';
import { defaultTranslateOptions } from './options.ts';
import { sampleModel, sampleRevision, sampleRoute } from './testing/sample-model.ts';
import { Translator, viewOf } from './translator.ts';

const revisions = [sampleRevision('default/a'), sampleRevision('default/b')];
const cookie = { kind: 'cookie', name: 'stay', ttlSeconds: 0 } as const;

/** How gateways choose among the pods of each revision whose cluster has changed. */
function policiesAfter(translator: Translator, routes: Parameters<typeof sampleModel>[0]): Record<string, unknown> {
  const { view, change } = viewOf(sampleModel({ revisions, ...routes }));
  const { changed } = translator.update(view, { ...change, revisions: new Set(), routes: new Set(['default/one', 'default/two']) })[nodeGroups.gateway];
  return Object.fromEntries(changed.filter(({ typeUrl }) => typeUrl === typeUrls.cluster).map(({ name, value }) => [name, value['lb_policy']]));
}

test('pods of a revision are chosen by the session while any route to it asks for that, and by load otherwise', () => {
  const translator = new Translator(defaultTranslateOptions);
  const { view, change } = viewOf(sampleModel({ revisions }));
  translator.update(view, change);
  const one = sampleRoute('default/one', { 'default/a': 50, 'default/b': 50 });
  const two = sampleRoute('default/two', { 'default/b': 100 });
  expect(policiesAfter(translator, { routes: [one, two] })).toEqual({ 'default/a': 'LEAST_REQUEST', 'default/b': 'LEAST_REQUEST' });
  expect(policiesAfter(translator, { routes: [{ ...one, affinity: cookie }, two] })).toEqual({ 'default/a': 'RING_HASH', 'default/b': 'RING_HASH' });
  expect(policiesAfter(translator, { routes: [{ ...one, affinity: cookie }, { ...two, affinity: cookie }] })).toEqual({});
  expect(policiesAfter(translator, { routes: [one, { ...two, affinity: cookie }] })).toEqual({ 'default/a': 'LEAST_REQUEST' });
  expect(policiesAfter(translator, { routes: [one] })).toEqual({ 'default/b': 'LEAST_REQUEST' });
});
