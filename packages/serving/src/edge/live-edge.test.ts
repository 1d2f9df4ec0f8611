/** The model of the edge as it follows objects: built again only for what concerns it, and the same whatever the order. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backendKey, type BackendRef } from '../model/live-backends.ts';
import type { ServingBackend } from '../serving-model.ts';
import type { Gateway, GatewayClass, GrpcRoute, HttpRoute, HttpRouteRule } from './api/gateway-api.ts';
import type { IngressClass, KubernetesIngress } from './api/kubernetes-ingress.ts';
import { gatewayController, ingressController } from './edge-kinds.ts';
import { LiveEdge, type EdgeList } from './live-edge.ts';

const v1 = 'gateway.networking.k8s.io/v1';
const gatewayClass: GatewayClass = { apiVersion: v1, kind: 'GatewayClass', metadata: { name: 'sluice' }, spec: { controllerName: gatewayController } };
const ingressClass: IngressClass = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'sluice' }, spec: { controller: ingressController } };
const gateway = (spec: Partial<Gateway['spec']> = {}): Gateway => ({ apiVersion: v1, kind: 'Gateway', metadata: { namespace: 'default', name: 'edge' }, spec: { gatewayClassName: 'sluice', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }], ...spec } });
const httpRoute = (name: string, rule: HttpRouteRule, hostnames = ['a.example.com']): HttpRoute => ({ apiVersion: v1, kind: 'HTTPRoute', metadata: { namespace: 'default', name }, spec: { parentRefs: [{ name: 'edge' }], hostnames, rules: [rule] } });
const ingress: KubernetesIngress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'default', name: 'web' },
  spec: { ingressClassName: 'sluice', rules: [{ host: 'a.example.com', http: { paths: [{ path: '/i', pathType: 'Prefix', backend: { service: { name: 'one', port: { number: 80 } } } }] } }] },
};
const grpcRoute: GrpcRoute = { apiVersion: v1, kind: 'GRPCRoute', metadata: { namespace: 'default', name: 'grpc' }, spec: { parentRefs: [{ name: 'edge' }], hostnames: ['a.example.com'], rules: [{ backendRefs: [{ name: 'one', port: 80 }] }] } };
const toOne: HttpRouteRule = { backendRefs: [{ name: 'one', port: 80 }] };

class World {
  readonly services = new Set(['one', 'two']);
  readonly taken = new Map<string, string>();
  addresses = [{ type: 'IPAddress', value: '192.0.2.7' } as const];
  readonly edge = new LiveEdge({
    surroundings: () => ({
      findBackend: (ref) => (this.services.has(ref.service) ? backend(ref) : 'no-service'),
      findCertificate: () => ({ ok: false, reason: 'is not there' }),
      portNameOf: () => '',
      ownerOfHost: (host) => this.taken.get(host),
      addresses: this.addresses,
      ports: new Map([[80, ['HTTP']]]),
    }),
  });

  conditions(name: string): Readonly<Record<string, string>> {
    const [parent] = this.edge.model.statuses.httpRoutes.get(`default/${name}`) ?? [];
    return Object.fromEntries((parent?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  }
}

function backend(ref: BackendRef): ServingBackend {
  return { key: backendKey(ref), namespace: ref.namespace, name: ref.service, protocol: ref.protocol ?? 'http1', endpoints: [] };
}

function filled(): World {
  const world = new World();
  world.edge.set('gatewayClasses', 'sluice', gatewayClass);
  world.edge.set('gateways', 'default/edge', gateway());
  world.edge.set('httpRoutes', 'default/a', httpRoute('a', toOne));
  return world;
}

describe('it is built again', () => {
  test('for a change of its own objects, and not twice for one', () => {
    const { edge } = filled();
    expect(edge.update()?.servers).toMatchObject([{ port: 80, hosts: [{ domain: 'a.example.com' }] }]);
    expect(edge.update()).toBeUndefined();
    edge.set('httpRoutes', 'default/a', undefined);
    expect(edge.update()?.servers).toMatchObject([{ hosts: [] }]);
  });

  test('and not for what is written on an object about it', () => {
    const { edge } = filled();
    edge.update();
    edge.set('httpRoutes', 'default/a', { ...httpRoute('a', toOne), status: { parents: [] } });
    expect(edge.update()).toBeUndefined();
    expect(edge.get('httpRoutes', 'default/a')?.status).toEqual({ parents: [] });
  });

  test('for a Service that it names, and for no other', () => {
    const world = filled();
    world.edge.update();
    world.services.delete('two');
    expect(world.edge.update()).toBeUndefined();
    world.services.delete('one');
    world.edge.update();
    expect(world.conditions('a')).toMatchObject({ ResolvedRefs: 'False BackendNotFound' });
  });

  test('for a host that becomes another’s, or is free again', () => {
    const world = filled();
    world.edge.update();
    world.taken.set('b.example.com', 'route "b"');
    expect(world.edge.update()).toBeUndefined();
    world.taken.set('a.example.com', 'route "a"');
    expect(world.edge.update()?.servers).toMatchObject([{ hosts: [] }]);
    expect(world.conditions('a')).toMatchObject({ Accepted: 'False HostnameConflict' });
    world.taken.clear();
    world.edge.update();
    expect(world.conditions('a')).toMatchObject({ Accepted: 'True Accepted' });
  });

  test('for other addresses of gateways', () => {
    const world = filled();
    world.edge.update();
    world.addresses = [];
    expect(world.edge.update()?.statuses.gateways.get('default/edge')?.conditions).toMatchObject([{ type: 'Accepted', status: 'True' }, { type: 'Programmed', status: 'False', reason: 'AddressNotAssigned' }]);
  });
});

test('an object that is not as its type says changes nothing, and is named', () => {
  const { edge } = filled();
  const before = edge.update();
  edge.set('httpRoutes', 'default/a', { ...httpRoute('a', toOne), spec: { rules: 'none' } } as never);
  expect(edge.update()).toBeUndefined();
  expect(edge.model).toBe(before);
  expect(edge.oddity('httpRoutes', 'default/a')).toMatch(/spec\.rules.*must be a list/);
});

test('any JSON in place of a part of an object is taken or named, and never thrown on', () => {
  const parts: readonly (keyof HttpRouteRule)[] = ['matches', 'filters', 'backendRefs', 'timeouts', 'retry'];
  fc.assert(
    fc.property(fc.constantFrom(...parts), fc.jsonValue(), (part, value) => {
      const { edge } = filled();
      edge.set('httpRoutes', 'default/odd', httpRoute('odd', { ...toOne, [part]: value }));
      edge.set('ingresses', 'default/odd', { ...ingress, spec: { ...ingress.spec, [part === 'filters' ? 'rules' : 'tls']: value } } as never);
      edge.update();
    }),
    { numRuns: 300 },
  );
});

test('the order in which objects come does not show', () => {
  const objects: readonly (readonly [EdgeList, string, unknown])[] = [
    ['gatewayClasses', 'sluice', gatewayClass],
    ['ingressClasses', 'sluice', ingressClass],
    ['gateways', 'default/edge', gateway()],
    ['httpRoutes', 'default/a', httpRoute('a', toOne)],
    ['httpRoutes', 'default/b', httpRoute('b', { backendRefs: [{ name: 'two', port: 80 }] }, ['*.example.com', 'a.example.com'])],
    ['grpcRoutes', 'default/grpc', grpcRoute],
    ['ingresses', 'default/web', ingress],
  ];
  const modelOf = (list: typeof objects): unknown => {
    const { edge } = new World();
    for (const [kind, key, object] of list) edge.set(kind, key, object as never);
    const model = edge.update();
    return { ...model, statuses: Object.fromEntries(Object.entries(model?.statuses ?? {}).map(([kind, one]) => [kind, Object.fromEntries(one)])) };
  };
  const expected = modelOf(objects);
  fc.assert(
    fc.property(fc.shuffledSubarray([...objects], { minLength: objects.length }), (list) => {
      expect(modelOf(list)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

describe('refused, and said', () => {
  test.each([
    ['a session among several backends', { backendRefs: [...(toOne.backendRefs ?? []), { name: 'two', port: 80 }], sessionPersistence: {} }],
    ['a path that is none', { ...toOne, matches: [{ path: { value: 'x' } }] }],
    ['an expression that looks back', { ...toOne, matches: [{ path: { type: 'RegularExpression', value: '/(a)\\1' } }] }],
    ['a time that is none', { ...toOne, timeouts: { request: 'soon' } }],
    ['a try longer than its request', { ...toOne, timeouts: { request: '1s', backendRequest: '2s' } }],
    ['a filter twice', { ...toOne, filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'a' } }, { type: 'URLRewrite', urlRewrite: { hostname: 'b' } }] }],
    ['a redirect that rewrites', { filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'a' } }, { type: 'RequestRedirect', requestRedirect: {} }] }],
    ['a prefix in place of what is none', { ...toOne, matches: [{ path: { type: 'Exact', value: '/a' } }], filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } } }] }],
    ['an extension on a backend', { backendRefs: [{ name: 'one', port: 80, filters: [{ type: 'ExtensionRef' }] }] }],
  ] satisfies [string, HttpRouteRule][])('%s', (_, rule) => {
    const world = filled();
    world.edge.set('httpRoutes', 'default/odd', httpRoute('odd', rule));
    world.edge.update();
    expect(world.conditions('odd')).toMatchObject({ Accepted: 'False UnsupportedValue' });
  });

  test('parameters of a Gateway', () => {
    const world = filled();
    world.edge.set('gateways', 'default/edge', gateway({ infrastructure: { parametersRef: { group: 'x', kind: 'X', name: 'x' } } }));
    expect(world.edge.update()?.statuses.gateways.get('default/edge')?.conditions).toMatchObject([{ type: 'Accepted', status: 'False', reason: 'InvalidParameters' }, { type: 'Programmed', status: 'False' }]);
  });

  test.each(['backend', 'frontend'])('tls.%s of a Gateway', (part) => {
    const world = filled();
    world.edge.set('gateways', 'default/edge', gateway({ tls: { [part]: {} } }));
    const accepted = { type: 'Accepted', status: 'False', reason: 'InvalidParameters', message: `tls.${part} is not supported` };
    expect(world.edge.update()?.statuses.gateways.get('default/edge')?.conditions[0]).toEqual(accepted);
  });
});
