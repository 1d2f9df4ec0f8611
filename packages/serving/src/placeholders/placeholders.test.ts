import { describe, expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { makeIngress } from '../ingress/make-ingress.ts';
import { aRoute } from '../testing/index.ts';
import { hiddenTags, withHiddenTags } from '../traffic/hidden-tags.ts';
import { routeHosts, routeUrl } from '../traffic/hosts.ts';
import { balancerOf } from './balancer.ts';
import { makePlaceholder, makePlaceholderSlice } from './make-placeholder.ts';

const config = { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] } };
const gateways = { kind: 'name', host: 'gateways.mesh.svc.cluster.local' } as const;
const route = aRoute('hello', [{ revisionName: 'hello-00001', percent: 100 }], {
  labels: { team: 'web', 'networking.knative.dev/visibility': 'cluster-local' },
  annotations: { note: 'n', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
});

describe('where a name leads', () => {
  const internal = { ingress: [{ domainInternal: 'internal.mesh.svc.cluster.local' }] };
  const external = { ingress: [{ domain: 'lb.example.com' }] };

  test('is the private side where there is one, else the public one unless it is hidden', () => {
    expect(balancerOf({ publicLoadBalancer: external, privateLoadBalancer: internal }, false)).toEqual({ kind: 'name', host: 'internal.mesh.svc.cluster.local' });
    expect(balancerOf({ publicLoadBalancer: external }, false)).toEqual({ kind: 'name', host: 'lb.example.com' });
    expect(balancerOf({ publicLoadBalancer: external }, true)).toBeUndefined();
  });

  test('is an address before it is a name, and neither in a mesh', () => {
    const one = (entry: object) => balancerOf({ privateLoadBalancer: { ingress: [entry] } }, false);
    expect(one({ ip: '192.0.2.1', domainInternal: 'x' })).toEqual({ kind: 'address', ip: '192.0.2.1' });
    expect(one({ domain: 'a', domainInternal: 'b' })).toEqual({ kind: 'name', host: 'b' });
    expect(one({ meshOnly: true })).toEqual({ kind: 'mesh' });
  });

  test('is not known while nothing is said, or several places at once', () => {
    expect(balancerOf(undefined, false)).toBeUndefined();
    expect(balancerOf({ privateLoadBalancer: { ingress: [{}] } }, false)).toBeUndefined();
    expect(balancerOf({ privateLoadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] } }, false)).toBeUndefined();
  });
});

describe('the Service that stands for a route', () => {
  test('is another name for the gateways, with the labels of the route but for its visibility', () => {
    expect(makePlaceholder(route, '', config, gateways)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'hello',
        namespace: 'default',
        labels: { team: 'web', 'serving.knative.dev/route': 'hello' },
        annotations: { note: 'n' },
        ownerReferences: [{ apiVersion: 'serving.knative.dev/v1', kind: 'Route', name: 'hello', uid: 'uid-hello', controller: true, blockOwnerDeletion: true }],
      },
      spec: { type: 'ExternalName', externalName: 'gateways.mesh.svc.cluster.local', sessionAffinity: 'None', ports: [{ name: 'http2', port: 80, targetPort: 80, protocol: 'TCP' }] },
    });
  });

  test('has the name of a tag by the template, and a port for HTTPS where names in the cluster have certificates', () => {
    const network = { ...config.network, tagTemplate: '{{.Name}}-{{.Tag}}', clusterLocalDomainTls: true };
    const { metadata, spec } = makePlaceholder(route, 'beta', { ...config, network }, gateways);
    expect([metadata.name, spec.ports.map(({ name, port }) => `${name} ${port}`)]).toEqual(['hello-beta', ['http2 80', 'https 443']]);
  });

  test('leads to the route’s own host while nobody says where gateways are', () => {
    expect(makePlaceholder(route, '', config, undefined).spec).toMatchObject({ type: 'ExternalName', externalName: 'hello.default.svc.cluster.local' });
    expect(makePlaceholder(aRoute('hello', []), '', config, undefined).spec).toMatchObject({ externalName: 'hello.default.example.com' });
  });

  test('has an address behind it where gateways have no name', () => {
    const service = makePlaceholder(route, '', config, { kind: 'address', ip: '192.0.2.1' });
    expect(service.spec).toMatchObject({ type: 'ClusterIP', clusterIP: 'None' });
    expect(makePlaceholder(route, '', config, { kind: 'mesh' }).spec).toMatchObject({ type: 'ClusterIP' });
    const slice = makePlaceholderSlice({ ...service, metadata: { ...service.metadata, uid: 'u' } }, '192.0.2.1', config);
    expect(slice).toMatchObject({
      metadata: { name: 'hello', labels: { 'kubernetes.io/service-name': 'hello' }, ownerReferences: [{ kind: 'Service', uid: 'u' }] },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
      ports: [{ name: 'http2', port: 80 }],
    });
    expect(makePlaceholderSlice(service, '2001:db8::1', config).addressType).toBe('IPv6');
  });
});

describe('a tag that is hidden', () => {
  const open = aRoute('hello', [{ revisionName: 'hello-00001', percent: 100, tag: 'beta' }]);
  const hidden = withHiddenTags(open, ['beta']);

  test('has no host outside, whereas the route has', () => {
    expect(routeHosts(hidden, 'beta', config).external).toEqual([]);
    expect(routeUrl(hidden, 'beta', config)).toBe('http://beta-hello.default.svc.cluster.local');
    expect(routeUrl(hidden, '', config)).toBe('http://hello.default.example.com');
  });

  test('is served inside only', () => {
    const targets = [{ revisionName: 'hello-00001', configurationName: 'hello', latestRevision: false, percent: 100, tag: 'beta' }];
    const { spec } = makeIngress(hidden, targets, config, () => 'http1');
    expect(spec.rules?.filter(({ visibility }) => visibility === 'ExternalIP').flatMap(({ hosts }) => hosts)).toEqual(['hello.default.example.com']);
  });

  test('is told in the status, and no more when it is shown again', () => {
    expect(hiddenTags(hidden)).toEqual(['beta']);
    expect(hiddenTags(withHiddenTags(hidden, []))).toEqual([]);
    expect(withHiddenTags(open, [])).toBe(open);
    expect(hiddenTags({ ...open, status: { annotations: { 'networking.sluice.dev/cluster-local-tags': '{' } } })).toEqual([]);
  });
});
