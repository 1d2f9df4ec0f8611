/** A model that follows its objects is the same as one built from them, whatever came in which order. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ingress, IngressPath } from '../api/ingress.ts';
import { defaultServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { activatorSlice, aPodAutoscaler, aRevision, aRoute, aServerlessService, podSlice, tlsPair } from '../testing/index.ts';
import { build } from './build.ts';
import { ingressClass, LiveModel, type ObjectList } from './live-model.ts';
import { keyOf } from './object-key.ts';
import type { ServingObjects } from './serving-objects.ts';

const config: ServingConfig = { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] } };

function anIngress(name: string, host: string, paths: readonly IngressPath[], creationTimestamp = ''): Ingress {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', creationTimestamp, annotations: { 'networking.knative.dev/ingress-class': ingressClass } },
    spec: { rules: [{ hosts: [host], http: { paths } }], tls: [{ secretName: 'pair', secretNamespace: 'default' }] },
  };
}

function to(serviceName: string, rewriteHost = ''): IngressPath[] {
  return [{ splits: [{ serviceNamespace: 'default', serviceName, servicePort: 80 }], ...(rewriteHost === '' ? {} : { rewriteHost }) }];
}

const target = (revisionName: string, tag = '') => ({ revisionName, percent: 100, ...(tag === '' ? {} : { tag }) });

/** Forms that an object may take, by list and name. Among them: hosts that several want, and ways that lead nowhere or on. */
const forms: { readonly list: ObjectList; readonly object: NonNullable<ServingObjects[ObjectList]>[number] }[] = [
  ...[1, 2, 3].map((generation) => ({ list: 'revisions' as const, object: aRevision('hello', generation) })),
  { list: 'revisions', object: aRevision('hello', 3, { spec: { containers: [{ image: 'x', ports: [{ name: 'h2c', containerPort: 9000 }] }] } }) },
  { list: 'podAutoscalers', object: aPodAutoscaler('hello-00001') },
  { list: 'serverlessServices', object: aServerlessService('hello-00001', 'Serve') },
  { list: 'serverlessServices', object: aServerlessService('hello-00001', 'Proxy', 1) },
  { list: 'endpointSlices', object: podSlice('hello-00001', ['10.0.0.1']) },
  { list: 'endpointSlices', object: podSlice('hello-00001', ['10.0.0.1', '!10.0.0.2'], 'b') },
  { list: 'endpointSlices', object: podSlice('hello-00002', ['10.0.0.2'], 'b') },
  { list: 'endpointSlices', object: activatorSlice(['10.1.0.1', '10.1.0.2']) },
  { list: 'endpointSlices', object: activatorSlice(['10.1.0.1']) },
  { list: 'routes', object: aRoute('b', [target('hello-00001', 'a')], { creationTimestamp: '2026-01-01T00:00:00Z' }) },
  { list: 'routes', object: aRoute('b', [target('hello-00002')], { creationTimestamp: '2026-01-01T00:00:00Z' }) },
  { list: 'routes', object: aRoute('a-b', [target('hello-00002')], { creationTimestamp: '2026-01-02T00:00:00Z' }) },
  { list: 'routes', object: aRoute('a-b', [target('hello-00003', 'x')], { creationTimestamp: '2025-01-02T00:00:00Z' }) },
  { list: 'ingresses', object: anIngress('i', 'i.example.com', to('b', 'b.default.svc.cluster.local')) },
  { list: 'ingresses', object: anIngress('i', 'x-a-b.default.example.com', to('hello-00001'), '2020-01-01T00:00:00Z') },
  { list: 'ingresses', object: anIngress('j', 'j.example.com', to('i', 'i.example.com')) },
  { list: 'ingresses', object: anIngress('j', 'i.example.com', to('a-b', 'a-b.default')) },
  { list: 'secrets', object: { metadata: { namespace: 'default', name: 'pair' }, data: tlsPair } },
];

type Step = { readonly form: number; readonly isGone: boolean; readonly looks: 'not' | 'all' | 'endpoints' };

const steps = fc.array(
  fc.record({ form: fc.nat(forms.length - 1), isGone: fc.boolean(), looks: fc.constantFrom<Step['looks'][]>('not', 'all', 'endpoints') }),
  { maxLength: 40 },
);

/** A revision is declared anew and its endpoints are taken before the rest: its routes must still hear of it. */
const endpointsTakenBetween: Step[] = [
  { form: 15, isGone: false, looks: 'not' },
  { form: 2, isGone: false, looks: 'not' },
  { form: 0, isGone: false, looks: 'all' },
  { form: 3, isGone: false, looks: 'endpoints' },
];

test('following changes one by one ends where building from scratch does', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const live = new LiveModel({ config });
      const present = new Map<string, (typeof forms)[number]>();
      for (const { form, isGone, looks } of list) {
        const given = forms[form] as (typeof forms)[number];
        const key = keyOf(given.object);
        live.set(given.list, key, isGone ? undefined : given.object);
        if (isGone) present.delete(`${given.list} ${key}`);
        else present.set(`${given.list} ${key}`, given);
        if (looks === 'all') live.take();
        if (looks === 'endpoints') live.takeEndpoints();
      }
      live.take();
      const objects = (wanted: ObjectList) => [...present.values()].filter((given) => given.list === wanted).map(({ object }) => object);
      const lists = ['routes', 'revisions', 'podAutoscalers', 'serverlessServices', 'endpointSlices', 'ingresses', 'secrets'] as const;
      const scratch = build(Object.fromEntries(lists.map((name) => [name, objects(name)])) as unknown as ServingObjects, { config });
      expect(live.model()).toEqual(scratch);
    }),
    { numRuns: 400, examples: [[endpointsTakenBetween]] },
  );
});

describe('a change', () => {
  function worldOf(count: number): LiveModel {
    const live = new LiveModel({ config });
    for (let index = 0; index < count; index += 1) {
      live.set('revisions', `default/s${index}-00001`, aRevision(`s${index}`));
      live.set('routes', `default/s${index}`, aRoute(`s${index}`, [target(`s${index}-00001`)]));
    }
    live.take();
    return live;
  }

  test('of pods concerns their revision alone, and no route', () => {
    const live = worldOf(50);
    live.set('endpointSlices', 'default/s7', podSlice('s7-00001', ['10.0.0.1']));
    expect(live.takeEndpoints()).toEqual({ backends: new Set(), revisions: new Set(['default/s7-00001']), routes: new Set(), owners: new Set(), certificates: false });
    expect(live.take().revisions.size).toBe(0);
  });

  test('of a route concerns it alone', () => {
    const live = worldOf(50);
    live.set('routes', 'default/s7', aRoute('s7', [target('s8-00001')]));
    expect(live.take()).toEqual({ backends: new Set(), revisions: new Set(), routes: new Set(['default/s7']), owners: new Set(['Route default/s7']), certificates: false });
  });

  test('that says the same is none', () => {
    const live = worldOf(2);
    live.set('routes', 'default/s1', aRoute('s1', [target('s1-00001')], { resourceVersion: '7' }));
    expect(live.take().routes.size).toBe(0);
  });

  test('of what has come or gone waits when only endpoints are taken', () => {
    const live = worldOf(2);
    live.set('revisions', 'default/new-00001', aRevision('new'));
    live.set('revisions', 'default/s1-00001', undefined);
    expect(live.takeEndpoints().revisions.size).toBe(0);
    expect(live.isDirty).toBe(true);
    expect(live.take().revisions).toEqual(new Set(['default/new-00001', 'default/s1-00001']));
  });
});

describe('an object that has become unusable', () => {
  test('is served as it was, and named', () => {
    const live = new LiveModel({ config });
    live.set('revisions', 'default/hello-00001', aRevision('hello'));
    live.set('ingresses', 'default/i', anIngress('i', 'i.example.com', to('hello-00001')));
    live.take();
    const before = live.model().routes;
    live.set('ingresses', 'default/i', anIngress('i', 'i.example.com', [{ splits: [] }]));
    live.take();
    expect(live.model().routes).toEqual(before);
    expect(live.model().problems).toMatchObject([
      { kind: 'Ingress', name: 'i', problem: { path: 'spec.rules[0].http.paths[0].splits', message: 'missing field(s)' } },
      { kind: 'Ingress', name: 'i', problem: { path: 'spec.tls[0].secretName' } },
    ]);
  });

  test('that leads round in a circle serves nobody, and says so', () => {
    const live = new LiveModel({ config });
    live.set('ingresses', 'default/i', anIngress('i', 'i.example.com', to('j', 'j.example.com')));
    live.set('ingresses', 'default/j', anIngress('j', 'j.example.com', to('i', 'i.example.com')));
    live.take();
    expect(live.model().routes).toEqual([]);
    expect(live.model().problems.map(({ problem }) => problem.message)).toEqual([
      'rewriteHost "j.example.com" leads to a host that is rewritten itself',
      'rewriteHost "i.example.com" leads to a host that is rewritten itself',
    ]);
  });
});
