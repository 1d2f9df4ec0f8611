/** Ingresses in Knative's form: what they hash to, what is wrong with them, what a Route becomes. */
import { describe, expect, test } from 'vitest';
import type { Ingress, IngressSpec } from '../api/ingress.ts';
import type { HttpProtocol } from '../config/network-config.ts';
import { defaultServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { aRoute } from '../testing/index.ts';
import { describeProblems } from '../validation/field-problem.ts';
import { expandHosts } from './expand-hosts.ts';
import { goJson, ingressHash } from './ingress-hash.ts';
import { makeIngress } from './make-ingress.ts';
import { ingressForOthers } from './served-ingress.ts';
import { validateIngress } from './validate-ingress.ts';

const config: ServingConfig = { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] } };
const backend = { serviceName: 'revision-000', serviceNamespace: 'default', servicePort: 8080 };

describe('the hash', () => {
  const spec: IngressSpec = {
    rules: [{ hosts: ['example.com'], http: { paths: [{ splits: [{ serviceNamespace: '', serviceName: 'blah', servicePort: 0, appendHeaders: { Foo: 'bar' } }] }] } }],
  };

  test('is that of Knative, over the text that Go would write', () => {
    expect(goJson(spec)).toBe(
      '{"rules":[{"hosts":["example.com"],"http":{"paths":[{"splits":[{"serviceNamespace":"","serviceName":"blah","servicePort":0,"appendHeaders":{"Foo":"bar"}}]}]}}]}',
    );
    expect(ingressHash(spec, '', '')).toBe('6b652c7abed871354affd4a9cb699d33816f24541fac942149b91ad872fe63ca');
  });

  test('does not depend on the order in which fields were written, and knows Go’s escapes', () => {
    const path = { splits: [{ servicePort: 80, serviceName: 'a', serviceNamespace: 'b', percent: 100 }], headers: { b: { exact: '<&>' }, a: {} } };
    expect(goJson({ httpOption: 'Enabled', rules: [{ http: { paths: [path] }, visibility: 'ClusterLocal', hosts: [] }] })).toBe(
      '{"rules":[{"visibility":"ClusterLocal","http":{"paths":[{"headers":{"a":{"exact":""},"b":{"exact":"\\u003c\\u0026\\u003e"}},"splits":[{"serviceNamespace":"b","serviceName":"a","servicePort":80,"percent":100}]}]}}],"httpOption":"Enabled"}',
    );
  });
});

describe('validation says in Knative’s words', () => {
  const paths = (...list: object[]): object => ({ rules: [{ hosts: ['example.com'], http: { paths: list } }] });
  test.each([
    ['nothing', {}, 'missing field(s): spec'],
    ['an empty rule', { rules: [{}] }, 'missing field(s): spec.rules[0]'],
    ['no paths', paths(), 'missing field(s): spec.rules[0].http.paths'],
    ['an empty split', paths({ splits: [{}], appendHeaders: { foo: 'bar' } }), 'missing field(s): spec.rules[0].http.paths[0].splits[0]'],
    ['no backend', paths({ splits: [{ percent: 100 }] }), 'missing field(s): spec.rules[0].http.paths[0].splits[0]'],
    ['too many percent', paths({ splits: [{ ...backend, percent: 199 }] }), 'invalid value: 199: spec.rules[0].http.paths[0].splits[0].percent'],
    ['another namespace', paths({ splits: [{ ...backend, serviceNamespace: 'other' }] }), 'service namespace must match ingress namespace: spec.rules[0].http.paths[0].splits[0].serviceNamespace'],
    ['empty TLS', { ...paths({ splits: [backend] }), tls: [{}] }, 'missing field(s): spec.tls[0]'],
    ['TLS without namespace', { ...paths({ splits: [backend] }), tls: [{ secretName: 's' }] }, 'missing field(s): spec.tls[0].secretNamespace'],
    ['a good one', paths({ splits: [backend] }), ''],
  ])('%s', (_, spec, expected) => {
    const ingress: Ingress = { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'Ingress', metadata: { name: 'i', namespace: 'default' }, spec };
    expect(describeProblems(validateIngress(ingress))).toBe(expected);
  });

  test('what does not add up', () => {
    const splits = [{ ...backend, percent: 50 }, { ...backend, percent: 40 }];
    const ingress: Ingress = { apiVersion: '', kind: 'Ingress', metadata: { name: 'i', namespace: 'default' }, spec: { rules: [{ http: { paths: [{ splits }] } }] } };
    expect(validateIngress(ingress)).toMatchObject([{ path: 'spec.rules[0].http.paths[0].splits', message: 'Traffic split percentage must total to 100, but was 90' }]);
  });
});

describe('shorter names of hosts', () => {
  test.each([
    ['foo.bar.svc.cluster.local', ['foo.bar', 'foo.bar.svc', 'foo.bar.svc.cluster.local']],
    ['service.ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.svc.cluster.local', [
      'service.ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.svc',
      'service.ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.svc.cluster.local',
    ]],
    ['foo.1234.svc.cluster.local', ['foo.1234.svc', 'foo.1234.svc.cluster.local']],
    ['example.com', ['example.com']],
  ])('%s', (host, expected) => {
    expect(expandHosts([host], 'cluster.local')).toEqual(expected);
  });
});

describe('a Route becomes', () => {
  const targets = [
    { revisionName: 'hello-00001', configurationName: 'hello', latestRevision: false, percent: 90, tag: '' },
    { revisionName: 'hello-00002', configurationName: 'hello', latestRevision: true, percent: 10, tag: 'next' },
  ];
  const made = (features: ServingConfig['features']) => makeIngress(aRoute('hello', []), targets, { ...config, features }, () => 'http1').spec;

  test('rules for itself and each tag, in the cluster and outside', () => {
    const { rules, httpOption } = made(config.features);
    expect(httpOption).toBe('Enabled');
    expect(rules?.map(({ hosts, visibility }) => [visibility, hosts?.at(-1)])).toEqual([
      ['ClusterLocal', 'hello.default.svc.cluster.local'],
      ['ExternalIP', 'hello.default.example.com'],
      ['ClusterLocal', 'next-hello.default.svc.cluster.local'],
      ['ExternalIP', 'next-hello.default.example.com'],
    ]);
    expect(rules?.[1]?.http?.paths).toEqual([
      {
        splits: [
          { serviceNamespace: 'default', serviceName: 'hello-00001', servicePort: 80, percent: 90, appendHeaders: { 'Knative-Serving-Revision': 'hello-00001', 'Knative-Serving-Namespace': 'default' } },
          { serviceNamespace: 'default', serviceName: 'hello-00002', servicePort: 80, percent: 10, appendHeaders: { 'Knative-Serving-Revision': 'hello-00002', 'Knative-Serving-Namespace': 'default' } },
        ],
      },
    ]);
  });

  test.each<[string, Record<string, string>, HttpProtocol, string]>([
    ['as the cluster says', {}, 'redirected', 'Redirected'],
    ['as it says itself', { 'networking.knative.dev/http-protocol': 'Redirected' }, 'enabled', 'Redirected'],
    ['as it says by the older name', { 'networking.knative.dev/http-option': 'redirected' }, 'enabled', 'Redirected'],
    ['as it says by the oldest name', { 'networking.knative.dev/httpOption': 'enabled' }, 'redirected', 'Enabled'],
  ])('with certificates, sends plain HTTP %s', (_, annotations, httpProtocol, expected) => {
    const given = { ...config, network: { ...config.network, httpProtocol } };
    const tls = [{ hosts: ['hello.default.example.com'], secretName: 's', secretNamespace: 'default' }];
    const route = aRoute('hello', [], { annotations });
    expect(makeIngress(route, targets, given, () => 'http1', undefined, tls).spec).toMatchObject({ tls, httpOption: expected });
    expect(makeIngress(route, targets, given, () => 'http1').spec.httpOption).toBe('Enabled');
  });

  test('with the feature on, paths by header before the default', () => {
    const { rules } = made({ ...config.features, 'tag-header-based-routing': 'Enabled' });
    expect(rules?.[0]?.http?.paths).toMatchObject([
      { headers: { 'Knative-Serving-Tag': { exact: 'next' } }, splits: [{ serviceName: 'hello-00002', percent: 100 }] },
      { appendHeaders: { 'Knative-Serving-Default-Route': 'true' } },
    ]);
    expect(rules?.[2]?.http?.paths).toMatchObject([{ appendHeaders: { 'Knative-Serving-Tag': 'next' } }]);
  });
});

test('an Ingress that others serve says which hosts each tag has', () => {
  const noted = (traffic: Parameters<typeof aRoute>[1]) => ingressForOthers(aRoute('hello', traffic), config, () => 'http1').metadata.annotations?.['networking.internal.knative.dev/tag-to-host'];
  const all = { revisionName: 'hello-00001', percent: 100 };
  expect(noted([all])).toBeUndefined();
  expect(JSON.parse(noted([all, { ...all, percent: 0, tag: 'beta' }]) ?? '')).toEqual({
    beta: ['beta-hello.default', 'beta-hello.default.example.com', 'beta-hello.default.svc', 'beta-hello.default.svc.cluster.local'],
  });
});
