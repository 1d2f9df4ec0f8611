import { createSeededRandom } from '@sluice/kernel';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { activatorSlice, aPodAutoscaler, aRevision, aRoute, aServerlessService, podSlice } from '../testing/index.ts';
import { activatorSubset } from './activator-subset.ts';
import { build } from './build.ts';
import type { BuildOptions } from './live-model.ts';
import type { ServingObjects } from './serving-objects.ts';

const options: BuildOptions = {
  config: { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] } },
};
const empty: ServingObjects = {
  routes: [],
  revisions: [],
  podAutoscalers: [],
  serverlessServices: [],
  endpointSlices: [],
};

function buildWith(objects: Partial<ServingObjects>) {
  return build({ ...empty, ...objects }, options);
}

test('an object without a spec is left out and named; the others are not touched', () => {
  const withoutSpec = <T extends object>(object: T): T => ({ ...object, spec: undefined });
  const model = buildWith({
    revisions: [aRevision('hello', 1), withoutSpec(aRevision('empty', 1))],
    podAutoscalers: [withoutSpec(aPodAutoscaler('hello-00001'))],
    serverlessServices: [withoutSpec(aServerlessService('hello-00001', 'Serve'))],
  });
  expect(model.revisions.map(({ key }) => key)).toEqual(['default/hello-00001']);
  expect(model.problems).toMatchObject([
    { kind: 'PodAutoscaler', name: 'hello-00001' },
    { kind: 'Revision', name: 'empty-00001' },
    { kind: 'ServerlessService', name: 'hello-00001', problem: { path: 'spec', message: 'is missing' } },
  ]);
});

describe('routes of the model', () => {
  const revisions = [aRevision('hello', 1), aRevision('hello', 2)];

  test('a split, and a host of its own for the tag', () => {
    const routes = [
      aRoute('hello', [
        { revisionName: 'hello-00001', percent: 90 },
        { revisionName: 'hello-00002', percent: 10, tag: 'canary' },
      ]),
    ];
    const split = (revision: string, percent: number) => ({
      revision: `default/${revision}`,
      percent,
      headers: { 'Knative-Serving-Revision': revision, 'Knative-Serving-Namespace': 'default' },
    });
    const plain = { headers: {}, rewriteHost: '', paths: [], redirectsToHttps: false, hash: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(buildWith({ routes, revisions }).routes).toEqual([
      {
        name: 'default/canary-hello',
        namespace: 'default',
        owner: { kind: 'Route', name: 'hello' },
        externalHosts: ['canary-hello.default.example.com'],
        internalHosts: ['canary-hello.default', 'canary-hello.default.svc', 'canary-hello.default.svc.cluster.local'],
        splits: [split('hello-00002', 100)],
        ...plain,
      },
      {
        name: 'default/hello',
        namespace: 'default',
        owner: { kind: 'Route', name: 'hello' },
        externalHosts: ['hello.default.example.com'],
        internalHosts: ['hello.default', 'hello.default.svc', 'hello.default.svc.cluster.local'],
        splits: [split('hello-00001', 90), split('hello-00002', 10)],
        ...plain,
      },
    ]);
  });

  test('a route without resolved traffic is not there, and that is no problem', () => {
    expect(buildWith({ routes: [aRoute('hello', [])], revisions })).toMatchObject({ routes: [], problems: [] });
  });

  test('a revision that has gone takes its host along, and nothing else', () => {
    const routes = [
      aRoute('hello', [{ revisionName: 'gone', percent: 100 }]),
      aRoute('other', [{ revisionName: 'hello-00001', percent: 100 }]),
    ];
    const model = buildWith({ routes, revisions });
    expect(model.routes.map(({ name }) => name)).toEqual(['default/other']);
    expect(model.problems).toEqual([
      {
        kind: 'Route',
        namespace: 'default',
        name: 'hello',
        problem: { path: 'status.traffic', message: 'revision "gone" is not there', severity: 'error' },
      },
    ]);
  });

  test('of two routes that want one host the older has it', () => {
    const target = { revisionName: 'hello-00001', percent: 100 };
    const routes = [
      aRoute('a-b', [target], { creationTimestamp: '2026-01-02T00:00:00Z' }),
      aRoute('b', [{ ...target, tag: 'a' }], { creationTimestamp: '2026-01-01T00:00:00Z' }),
    ];
    const model = buildWith({ routes, revisions });
    expect(model.routes.map(({ name, owner }) => [name, owner.name])).toEqual([
      ['default/a-b', 'b'],
      ['default/b', 'b'],
    ]);
    expect(model.problems).toMatchObject([
      { name: 'a-b', problem: { message: 'host a-b.default.example.com belongs to route "b" already' } },
    ]);
  });

  test('objects that are being deleted are gone already', () => {
    const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(
      buildWith({ routes: [aRoute('hello', [{ revisionName: 'hello-00001', percent: 100 }], metadata)], revisions })
        .routes,
    ).toEqual([]);
  });
});

describe('revisions of the model', () => {
  const revisions = [aRevision('hello', 1, { spec: { containerConcurrency: 10, timeoutSeconds: 60 } })];
  const model = (mode: 'Serve' | 'Proxy' | undefined, pods: readonly string[], activators: readonly string[]) =>
    buildWith({
      revisions,
      serverlessServices: mode === undefined ? [] : [aServerlessService('hello-00001', mode)],
      endpointSlices: [podSlice('hello-00001', pods), activatorSlice(activators)],
    }).revisions[0];

  test('say who they are, what they take, and where their pods are', () => {
    expect(model('Serve', ['10.0.0.2', '!10.0.0.1'], ['10.1.0.1'])).toEqual({
      key: 'default/hello-00001',
      namespace: 'default',
      name: 'hello-00001',
      configuration: 'hello',
      service: 'hello',
      containerConcurrency: 10,
      protocol: 'http1',
      timeoutSeconds: 60,
      readyByKubelet: false,
      responseStartTimeoutSeconds: 0,
      idleTimeoutSeconds: 0,
      mode: 'Serve',
      pods: [
        { address: '10.0.0.1', port: 8012, ready: false, terminating: false, podName: 'pod-10.0.0.1' },
        { address: '10.0.0.2', port: 8012, ready: true, terminating: false, podName: 'pod-10.0.0.2' },
      ],
      activators: [{ address: '10.1.0.1', port: 8012, ready: true, terminating: false, podName: 'pod-10.1.0.1' }],
    });
  });

  test.each([
    ['as wished', 'Serve', ['10.0.0.1'], ['10.1.0.1'], 'Serve'],
    ['as wished', 'Proxy', ['10.0.0.1'], ['10.1.0.1'], 'Proxy'],
    ['through activators without a ready pod', 'Serve', ['!10.0.0.1'], ['10.1.0.1'], 'Proxy'],
    ['through activators before the autoscaler has spoken', undefined, ['10.0.0.1'], ['10.1.0.1'], 'Proxy'],
    ['straight where no activator is ready', 'Proxy', ['10.0.0.1'], ['!10.1.0.1'], 'Serve'],
    ['through activators where nobody is ready', 'Serve', [], [], 'Proxy'],
  ] as const)('%s: wished %s', (_, mode, pods, activators, expected) => {
    expect(model(mode, pods, activators)?.mode).toBe(expected);
  });

  test('an address in two slices counts once, and as ready if either says so', () => {
    const endpointSlices = [podSlice('hello-00001', ['!10.0.0.1'], 'a'), podSlice('hello-00001', ['10.0.0.1'], 'b')];
    expect(buildWith({ revisions, endpointSlices }).revisions[0]?.pods).toMatchObject([
      { address: '10.0.0.1', ready: true },
    ]);
  });
});

describe('activatorSubset', () => {
  const activators = Array.from({ length: 10 }, (_, index) => ({ address: `10.1.0.${index}` }));

  test('takes as many as are wanted, all for 0 or more than there are', () => {
    expect(activatorSubset(activators, 3, 'a')).toHaveLength(3);
    expect(activatorSubset(activators, 0, 'a')).toEqual(activators);
    expect(activatorSubset(activators, 11, 'a')).toEqual(activators);
  });

  test('is the same for one name, and spreads names over all', () => {
    expect(activatorSubset(activators, 3, 'a')).toEqual(activatorSubset(activators.toReversed(), 3, 'a').toReversed());
    const used = new Set(
      Array.from({ length: 50 }, (_, index) => `rev-${index}`).flatMap((name) =>
        activatorSubset(activators, 2, name).map(({ address }) => address),
      ),
    );
    expect(used.size).toBe(10);
  });

  test('keeps most members when one activator goes', () => {
    let kept = 0;
    for (let index = 0; index < 100; index += 1) {
      const before = activatorSubset(activators, 3, `rev-${index}`).map(({ address }) => address);
      const after = activatorSubset(activators.slice(1), 3, `rev-${index}`).map(({ address }) => address);
      kept += before.filter((address) => after.includes(address)).length;
    }
    expect(kept).toBeGreaterThan(250);
  });
});

test('the order in which objects come does not show in the model', () => {
  const objects: ServingObjects = {
    routes: [
      aRoute('a-b', [{ revisionName: 'hello-00001', percent: 100 }]),
      aRoute('b', [
        { revisionName: 'hello-00002', percent: 60, tag: 'a' },
        { revisionName: 'hello-00001', percent: 40 },
      ]),
      aRoute('c', [{ revisionName: 'gone', percent: 100 }]),
    ],
    revisions: [aRevision('hello', 1), aRevision('hello', 2), aRevision('other', 1)],
    podAutoscalers: [aPodAutoscaler('hello-00001'), aPodAutoscaler('hello-00002')],
    serverlessServices: [aServerlessService('hello-00001', 'Serve', 2), aServerlessService('hello-00002', 'Proxy', 2)],
    endpointSlices: [
      podSlice('hello-00001', ['10.0.0.1', '!10.0.0.2'], 'a'),
      podSlice('hello-00001', ['10.0.0.2', '10.0.0.3'], 'b'),
      podSlice('hello-00002', ['!10.0.0.4']),
      activatorSlice(['10.1.0.1', '10.1.0.2', '10.1.0.3']),
    ],
  };
  const expected = build(objects, options);
  expect(expected.problems).toHaveLength(2);

  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = createSeededRandom(seed);
      const shuffled = <T>(items: readonly T[]): T[] =>
        items
          .map((item) => ({ item, at: random.next() }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const reordered: ServingObjects = {
        routes: shuffled(objects.routes),
        revisions: shuffled(objects.revisions),
        podAutoscalers: shuffled(objects.podAutoscalers),
        serverlessServices: shuffled(objects.serverlessServices),
        endpointSlices: shuffled(objects.endpointSlices),
      };
      expect(build(reordered, options)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
