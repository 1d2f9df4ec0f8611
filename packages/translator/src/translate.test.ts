/** What holds for any model; features have files of their own. */
import { typeUrls } from '@sluice/resources';
import type { ServingModel } from '@sluice/serving';
import { assert, property, shuffledSubarray, tuple, type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { defaultTranslateOptions, translate, type TranslatedGroups } from './index.ts';
import { sampleEndpoint, sampleModel, sampleRevision, sampleRoute } from './testing/index.ts';

const activators = [sampleEndpoint('10.0.9.1'), sampleEndpoint('10.0.9.2')];

const features: Readonly<Record<string, ServingModel>> = {
  'no-routes': sampleModel(),
  'one-revision-with-pods': sampleModel({
    routes: [sampleRoute('default/hello', { 'default/hello-00001': 100 })],
    revisions: [
      sampleRevision('default/hello-00001', {
        containerConcurrency: 10,
        pods: [sampleEndpoint('10.0.1.1'), sampleEndpoint('10.0.1.2')],
        activators,
      }),
    ],
    activators,
  }),
  'scaled-to-zero': sampleModel({
    routes: [sampleRoute('default/hello', { 'default/hello-00001': 100 })],
    revisions: [sampleRevision('default/hello-00001', { mode: 'Proxy', activators })],
    activators,
  }),
  'pods-coming-and-going': sampleModel({
    routes: [sampleRoute('default/hello', { 'default/hello-00001': 100 })],
    revisions: [
      sampleRevision('default/hello-00001', {
        pods: [
          sampleEndpoint('10.0.1.1', { terminating: true }),
          sampleEndpoint('10.0.1.2'),
          sampleEndpoint('10.0.1.3', { ready: false }),
        ],
      }),
    ],
  }),
  'split-and-tag': sampleModel({
    routes: [
      sampleRoute('default/hello', { 'default/hello-00001': 90, 'default/hello-00002': 10 }),
      sampleRoute('default/next-hello', { 'default/hello-00002': 100 }, { owner: { kind: 'Route', name: 'hello' } }),
    ],
    revisions: [
      sampleRevision('default/hello-00001', { pods: [sampleEndpoint('10.0.1.1')] }),
      sampleRevision('default/hello-00002', { pods: [sampleEndpoint('10.0.1.2')] }),
    ],
  }),
  'cluster-local-route': sampleModel({
    routes: [sampleRoute('default/hidden', { 'default/hidden-00001': 100 }, { externalHosts: [] })],
    revisions: [sampleRevision('default/hidden-00001', { pods: [sampleEndpoint('10.0.1.1')] })],
  }),
  'h2c-revision': sampleModel({
    routes: [sampleRoute('default/grpc', { 'default/grpc-00001': 100 })],
    revisions: [sampleRevision('default/grpc-00001', { protocol: 'h2c', pods: [sampleEndpoint('10.0.1.1', { port: 8013 })] })],
  }),
};

describe('whatever the feature', () => {
  test('the order in which a model lists things does not show', () => {
    const model = merged(Object.values(features));
    const expected = asText(translate(model, defaultTranslateOptions));
    assert(
      property(shuffled(model), (other) => {
        expect(asText(translate(other, defaultTranslateOptions))).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });
});

test('a share of a revision that has gone is left out, and the rest goes on', () => {
  const model = sampleModel({
    routes: [sampleRoute('default/hello', { 'default/hello-00001': 50, 'default/hello-00002': 50 })],
    revisions: [sampleRevision('default/hello-00002')],
  });
  expect(asText(translate(model, defaultTranslateOptions))).not.toContain('hello-00001');
});

describe('programs that speak xDS themselves', () => {
  const grpcRoute = sampleRoute('default/grpc', { 'default/grpc-00001': 80, 'default/grpc-00002': 20 });
  const revisions = ['default/grpc-00001', 'default/grpc-00002'].map((key) =>
    sampleRevision(key, { protocol: 'h2c', pods: [sampleEndpoint('10.0.1.1', { port: 8013 })] }),
  );
  const namesOf = (model: ServingModel, typeUrl: string) =>
    translate(model, defaultTranslateOptions)['sluice-proxyless'].filter((resource) => resource.typeUrl === typeUrl).map(({ name }) => name);

  test('find a listener under each of a route\'s hosts, and one table behind all of them', () => {
    const model = sampleModel({ routes: [grpcRoute], revisions });
    expect(namesOf(model, typeUrls.listener).toSorted()).toEqual([...grpcRoute.internalHosts, ...grpcRoute.externalHosts].toSorted());
    expect(namesOf(model, typeUrls.routeConfiguration)).toEqual(['grpc/default/grpc']);
  });

  test('find nothing of a route whose revisions do not speak HTTP/2', () => {
    const model = sampleModel({
      routes: [grpcRoute],
      revisions: [...revisions.slice(1), sampleRevision('default/grpc-00001')],
    });
    expect(translate(model, defaultTranslateOptions)['sluice-proxyless']).toEqual([]);
  });

  test('are led to the pods even where requests of others go by an activator, which would not know the revision', () => {
    const [revision, other] = revisions;
    const proxied = { ...revision, mode: 'Proxy' as const, activators: [sampleEndpoint('10.0.9.1')] } as (typeof revisions)[number];
    const model = sampleModel({ routes: [grpcRoute], revisions: [proxied, ...(other ? [other] : [])] });
    const assignments = translate(model, defaultTranslateOptions)['sluice-proxyless'].filter(({ typeUrl }) => typeUrl === typeUrls.clusterLoadAssignment);
    expect(JSON.stringify(assignments)).toContain('10.0.1.1');
    expect(JSON.stringify(assignments)).not.toContain('10.0.9.1');
  });

  test('get routes without a share of a revision that has gone, since they refuse a weight of nothing', () => {
    const model = sampleModel({ routes: [grpcRoute], revisions: revisions.slice(1) });
    expect(namesOf(model, typeUrls.cluster)).toEqual(['default/grpc-00002']);
  });
});

describe('what a client may say', () => {
  const groups = translate(features['one-revision-with-pods'] ?? sampleModel(), defaultTranslateOptions);

  test('none of the headers by which the mesh talks to itself passes a gateway', () => {
    const tables = groups['sluice-gateway'].filter(({ typeUrl }) => typeUrl === typeUrls.routeConfiguration);
    expect(tables.map(({ value }) => value['request_headers_to_remove'])).toEqual([
      ['K-Proxy-Request', 'K-Original-Host', 'K-Kubelet-Probe'],
      ['K-Proxy-Request', 'K-Original-Host', 'K-Kubelet-Probe'],
    ]);
  });

  test('activators believe what a gateway has said about the client', () => {
    const [listener] = groups['sluice-activator'].filter(({ typeUrl }) => typeUrl === typeUrls.listener);
    const text = JSON.stringify(listener?.value);
    expect(text).toContain('"use_remote_address":true,"xff_num_trusted_hops":1,"preserve_external_request_id":true');
  });
});

function asText(groups: TranslatedGroups): string {
  return Object.entries(groups)
    .flatMap(([group, resources]) =>
      resources.map(({ typeUrl, name, value }) => {
        const type = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
        return `# ${group}: ${type} ${name}\n${JSON.stringify(value, undefined, 2)}\n`;
      }),
    )
    .join('\n');
}

/** One model of all; what comes later in the list wins a name. */
function merged(models: readonly ServingModel[]): ServingModel {
  const revisions = new Map(models.flatMap((model) => model.revisions).map((revision) => [revision.key, revision]));
  const routes = new Map(models.flatMap((model) => model.routes).map((route) => [route.name, route]));
  return sampleModel({ revisions: [...revisions.values()], routes: [...routes.values()], activators });
}

function shuffled(model: ServingModel): Arbitrary<ServingModel> {
  const permutation = <T>(list: readonly T[]): Arbitrary<T[]> =>
    shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });
  const revisions = tuple(
    ...model.revisions.map((revision) =>
      tuple(permutation(revision.pods), permutation(revision.activators)).map(([pods, own]) => ({ ...revision, pods, activators: own })),
    ),
  );
  return tuple(
    revisions.chain((list) => permutation(list)),
    permutation(model.routes),
  ).map(([list, routes]) => ({ ...model, revisions: list, routes }));
}
