import { describe, expect, test } from 'vitest';
import type { Condition } from '../api/object.ts';
import type { Route, TrafficTarget } from '../api/route.ts';
import { defaultServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { aConfiguration, aRevision, aRoute } from '../testing/index.ts';
import { clusterUrl, routeHosts, routeUrl } from './hosts.ts';
import { mergeTargets, referencedNames, resolveTraffic, type TrafficWorld } from './resolve-traffic.ts';

const ready = (status: Condition['status']): Condition[] => [{ type: 'Ready', status }];

const configurations = [
  aConfiguration('good', { status: { latestReadyRevisionName: 'good-00002' } }),
  aConfiguration('nice', { status: { latestReadyRevisionName: 'nice-00001' } }),
  aConfiguration('behind', {
    status: {
      latestCreatedRevisionName: 'behind-00002',
      latestReadyRevisionName: 'behind-00001',
      conditions: ready('Unknown'),
    },
  }),
  aConfiguration('waiting', { status: { conditions: ready('Unknown') } }),
  aConfiguration('failed', { status: { conditions: ready('False') } }),
  aConfiguration('going', {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: { latestReadyRevisionName: 'going-00001' },
  }),
];
const revisions = [
  aRevision('good', 1),
  aRevision('good', 2),
  aRevision('nice', 1),
  aRevision('behind', 1),
  aRevision('waiting', 1, { conditions: ready('Unknown') }),
  aRevision('failed', 1, { conditions: ready('False') }),
  aRevision('asleep', 1, { conditions: [...ready('True'), { type: 'Active', status: 'False' }] }),
];
const world: TrafficWorld = {
  configuration: (name) => configurations.find(({ metadata }) => metadata.name === name),
  revision: (name) => revisions.find(({ metadata }) => metadata.name === name),
};

function resolve(traffic: readonly TrafficTarget[], metadata = {}) {
  return resolveTraffic(aRoute('route', traffic, metadata), world);
}

describe('resolveTraffic', () => {
  test('follows the newest ready revision of a Configuration, also when a newer one is not ready', () => {
    expect(
      resolve([
        { configurationName: 'nice', percent: 90 },
        { configurationName: 'behind', percent: 10, tag: 'next' },
      ]),
    ).toEqual({
      kind: 'resolved',
      targets: [
        { revisionName: 'nice-00001', configurationName: 'nice', latestRevision: true, percent: 90, tag: '' },
        { revisionName: 'behind-00001', configurationName: 'behind', latestRevision: true, percent: 10, tag: 'next' },
      ],
    });
  });

  test('takes a named revision that is ready, asleep or not', () => {
    expect(resolve([{ revisionName: 'asleep-00001', percent: 100 }])).toMatchObject({
      kind: 'resolved',
      targets: [{ revisionName: 'asleep-00001', configurationName: 'asleep', latestRevision: false }],
    });
  });

  test.each<[string, TrafficTarget, string, string, string]>([
    [
      'a Configuration that is not there',
      { configurationName: 'none' },
      'ConfigurationMissing',
      'False',
      'Configuration "none" referenced in traffic not found.',
    ],
    [
      'one that is going',
      { configurationName: 'going' },
      'ConfigurationMissing',
      'False',
      'Configuration "going" referenced in traffic not found.',
    ],
    [
      'one without a ready revision yet',
      { configurationName: 'waiting' },
      'RevisionMissing',
      'Unknown',
      'Configuration "waiting" is waiting for a Revision to become ready.',
    ],
    [
      'one that failed',
      { configurationName: 'failed' },
      'RevisionMissing',
      'False',
      'Configuration "failed" does not have any ready Revision.',
    ],
    [
      'a revision that is not there',
      { revisionName: 'none' },
      'RevisionMissing',
      'False',
      'Revision "none" referenced in traffic not found.',
    ],
    [
      'one not ready yet',
      { revisionName: 'waiting-00001' },
      'RevisionMissing',
      'Unknown',
      'Revision "waiting-00001" is not yet ready.',
    ],
    [
      'one that failed',
      { revisionName: 'failed-00001' },
      'RevisionMissing',
      'False',
      'Revision "failed-00001" failed to become ready.',
    ],
  ])('fails for %s', (_, target, reason, status, message) => {
    expect(resolve([{ ...target, percent: 100 }])).toEqual({ kind: 'failed', failure: { reason, status, message } });
  });

  test('gives no targets at all when one fails, and tells the failure that will stay', () => {
    const result = resolve([
      { revisionName: 'good-00001', percent: 50 },
      { configurationName: 'waiting', percent: 25 },
      { configurationName: 'failed', percent: 25 },
    ]);
    expect(result).toMatchObject({
      kind: 'failed',
      failure: { status: 'False', message: expect.stringContaining('"failed"') },
    });
  });

  test('keeps a Service to its own revisions', () => {
    const ofService = { labels: { 'serving.knative.dev/service': 'good' } };
    expect(resolve([{ revisionName: 'good-00001', percent: 100 }], ofService).kind).toBe('resolved');
    expect(resolve([{ revisionName: 'nice-00001', percent: 100 }], ofService)).toMatchObject({
      kind: 'failed',
      failure: { reason: 'RevisionNotOwned', message: 'Revision "nice-00001" does not belong to Service "good".' },
    });
  });
});

test('targets of one revision are merged, and those without a share left out', () => {
  const target = (revisionName: string, percent: number, tag = '') => ({
    revisionName,
    configurationName: '',
    latestRevision: false,
    percent,
    tag,
  });
  expect(mergeTargets([target('a', 60), target('b', 0, 'beta'), target('a', 30, 'alpha'), target('c', 10)])).toEqual([
    target('a', 90),
    target('c', 10),
  ]);
});

test('what a route refers to counts as in use, ready or not', () => {
  const traffic = [
    { configurationName: 'nice', percent: 50 },
    { revisionName: 'waiting-00001', percent: 50 },
  ];
  expect(referencedNames(aRoute('route', traffic), world)).toEqual({
    configurations: ['nice', 'waiting'],
    revisions: ['nice-00001', 'waiting-00001'],
  });
});

describe('hosts and URLs', () => {
  const config = (
    part: Partial<ServingConfig['network']> = {},
    domains = ['localhost', 'example.com'],
  ): ServingConfig => ({
    ...defaultServingConfig,
    domain: { domains: domains.map((name) => ({ name, selector: {} })) },
    network: { ...defaultServingConfig.network, ...part },
  });
  const route = (metadata = {}): Route => aRoute('hello', [], metadata);

  test('the route and its tags answer under every domain, and to the cluster under three names', () => {
    expect(routeHosts(route(), '', config())).toEqual({
      external: ['hello.default.localhost', 'hello.default.example.com'],
      internal: ['hello.default', 'hello.default.svc', 'hello.default.svc.cluster.local'],
    });
    expect(routeHosts(route(), 'beta', config({ tagTemplate: '{{.Name}}-{{.Tag}}' })).external[0]).toBe(
      'hello-beta.default.localhost',
    );
  });

  test('the URL names the first domain, and a port only where clients must', () => {
    expect(routeUrl(route(), '', config())).toBe('http://hello.default.localhost');
    expect(routeUrl(route(), 'beta', config({ externalPort: 8080 }))).toBe('http://beta-hello.default.localhost:8080');
    expect(routeUrl(route(), '', config({ externalPort: 443, defaultExternalScheme: 'https' }))).toBe(
      'https://hello.default.localhost',
    );
  });

  test('a cluster-local route has no outside', () => {
    const local = route({ labels: { 'networking.knative.dev/visibility': 'cluster-local' } });
    expect(routeHosts(local, '', config()).external).toEqual([]);
    expect(routeUrl(local, '', config())).toBe('http://hello.default.svc.cluster.local');
    expect(clusterUrl(local, 'beta', config())).toBe('http://beta-hello.default.svc.cluster.local');
  });

  test('no domain, or one of the cluster itself, is no outside either', () => {
    expect(routeHosts(route(), '', config({}, [])).external).toEqual([]);
    expect(routeHosts(route(), '', config({}, ['svc.cluster.local'])).external).toEqual([]);
  });

  test('a template that gives no host gives none', () => {
    expect(routeHosts(route(), '', config({ domainTemplate: '{{.Name}}' })).external).toEqual([]);
  });
});
