/** Ingresses as Kubernetes has them: hosts, paths, defaults, certificates, classes, and what is said on them. */
import { request as requestHttps } from 'node:https';
import { domainConfigMap, podAutoscalerObject, podSlice, revisionObject, routeObject, serverlessServiceObject } from '@sluice/config-server/testing';
import { events, type Secret } from '@sluice/kubernetes';
import { createTestAuthority } from '@sluice/proxy/testing';
import { kubernetesIngressKind, type KubernetesIngress } from '@sluice/serving';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { aGateway, anHttpRoute, anIngress, edgeKinds, gatewayClass, http, ingressClass, to } from './edge-objects.ts';
import { EdgeWorld, freePort, type Answer } from './edge-world.ts';

let world: EdgeWorld;
let httpsPort = 0;
beforeAll(async () => {
  httpsPort = await freePort();
  world = await new EdgeWorld({ kinds: edgeKinds, gateway: { externalTlsPort: httpsPort }, configServer: { gatewayAddresses: ['192.0.2.7', 'edge.example.net'] } }).start();
  world.put(ingressClass(), domainConfigMap('knative.example.com'));
  for (const name of ['one', 'two', 'three']) await world.backend(name);
  await world.backend('named', { port: { name: 'web', port: 8080 } });
});
afterAll(() => world?.stop());

type Spec = NonNullable<KubernetesIngress['spec']>;
type Path = NonNullable<NonNullable<NonNullable<Spec['rules']>[number]['http']>['paths']>[number];

const at = (path: string, pathType: string, name: string): Path => ({ path, pathType, backend: { service: { name, port: { number: 80 } } } });
const rule = (host: string | undefined, ...paths: Path[]): NonNullable<Spec['rules']>[number] => ({ ...(host === undefined ? {} : { host }), http: { paths } });

async function addressesOf(name: string): Promise<unknown> {
  return (await world.client.resource(kubernetesIngressKind).get({ namespace: 'default', name })).status?.loadBalancer?.ingress;
}

async function declare(name: string, spec: Spec, more: Parameters<typeof anIngress>[2] = {}): Promise<void> {
  world.put(anIngress(name, { ingressClassName: 'sluice', ...spec }, more));
  await eventually(async () => expect(await addressesOf(name)).toBeDefined());
}

async function remove(...names: string[]): Promise<void> {
  for (const name of names) await world.client.resource(kubernetesIngressKind).delete({ namespace: 'default', name });
}

const backendOf = ({ seen, status }: Answer): string => seen?.backend ?? String(status);

describe('paths', () => {
  // The examples of Kubernetes' documentation.
  test.each([
    ['Prefix', '/', { '/': 'one', '/foo': 'one' }],
    ['Exact', '/foo', { '/foo': 'one', '/bar': '404', '/foo/': '404' }],
    ['Exact', '/foo/', { '/foo': '404', '/foo/': 'one' }],
    ['Prefix', '/foo', { '/foo': 'one', '/foo/': 'one', '/foobar': '404' }],
    ['Prefix', '/foo/', { '/foo': 'one', '/foo/': 'one' }],
    ['Prefix', '/aaa/bbb', { '/aaa/bbb': 'one', '/aaa/bbb/': 'one', '/aaa/bbb/ccc': 'one', '/aaa/bbbxyz': '404', '/aaa/bb': '404' }],
    ['ImplementationSpecific', '/foo', { '/foo/bar': 'one', '/foobar': '404' }],
  ])('%s %s', async (pathType, path, cases) => {
    const host = `${pathType}${path.replaceAll('/', '-')}x.example.com`.toLowerCase();
    await declare('paths', { rules: [rule(host, at(path, pathType, 'one'))] });
    await world.until((answer) => expect(backendOf(answer)).toBe('one'), host, Object.keys(cases).find((key) => cases[key as keyof typeof cases] === 'one') ?? path);
    for (const [asked, wanted] of Object.entries(cases)) expect([asked, backendOf(await world.ask(host, asked))]).toEqual([asked, wanted]);
  });

  test('the exact one is asked before prefixes, and the longest of those first', async () => {
    await declare('precedence', { rules: [rule('precedence.example.com', at('/', 'Prefix', 'one'), at('/aaa', 'Prefix', 'two'), at('/aaa', 'Exact', 'three'))] });
    expect(await Promise.all(['/ccc', '/aaa/b', '/aaa'].map(async (path) => backendOf(await world.ask('precedence.example.com', path))))).toEqual(['one', 'two', 'three']);
  });

  test('those of several Ingresses are one table; of two that are the same the older counts', async () => {
    await declare('younger', { rules: [rule('both.example.com', at('/', 'Prefix', 'two'), at('/own', 'Prefix', 'three'))] }, { createdAt: '2026-02-02T00:00:00Z' });
    await declare('older', { rules: [rule('both.example.com', at('/', 'Prefix', 'one'))] }, { createdAt: '2026-01-01T00:00:00Z' });
    await world.until((answer) => expect(backendOf(answer)).toBe('one'), 'both.example.com');
    expect(backendOf(await world.ask('both.example.com', '/own'))).toBe('three');
  });
});

describe('hosts', () => {
  test('a star stands for one label, and no host for all that nobody else has', async () => {
    await declare('star', { rules: [rule('*.star.example.com', at('/', 'Prefix', 'one')), rule(undefined, at('/', 'Prefix', 'two'))] });
    const found = await Promise.all(['a.star.example.com', 'a.star.example.com:8080', 'a.b.star.example.com', 'star.example.com', 'else.where'].map(async (host) => backendOf(await world.ask(host))));
    expect(found).toEqual(['one', 'one', '404', 'two', 'two']);
    await remove('star');
  });

  test('a host of Knative’s is not to be had, and the Ingress says so', async () => {
    const { port } = (await world.backend('hello-00001')).address;
    world.put(revisionObject('hello-00001'), podAutoscalerObject('hello-00001'), serverlessServiceObject('hello-00001', 'Serve'), routeObject('hello', { 'hello-00001': 100 }));
    const slice = podSlice('hello-00001', ['127.0.0.1']);
    world.put({ ...slice, ports: [{ name: 'http', port, protocol: 'TCP' }] } as typeof slice);
    const host = 'hello.default.knative.example.com';
    await world.until(({ status }) => expect(status).toBe(200), host);
    await declare('taken', { rules: [rule(host, at('/', 'Prefix', 'one'))] });
    await eventually(async () => expect(await toldOn('taken')).toMatch(/belongs to route "hello"/));
    expect(backendOf(await world.ask(host))).toBe('hello-00001');
  });
});

describe('backends', () => {
  test('a port by its number or its name', async () => {
    const named: Path = { path: '/named', pathType: 'Prefix', backend: { service: { name: 'named', port: { name: 'web' } } } };
    const numbered: Path = { path: '/numbered', pathType: 'Prefix', backend: { service: { name: 'named', port: { number: 8080 } } } };
    await declare('ports', { rules: [rule('ports.example.com', named, numbered)] });
    for (const path of ['/named', '/numbered']) expect(backendOf(await world.ask('ports.example.com', path))).toBe('named');
  });

  test('defaultBackend takes what no path takes, at its hosts and at all others', async () => {
    await declare('default', { defaultBackend: { service: { name: 'three', port: { number: 80 } } }, rules: [rule('default.example.com', at('/a', 'Prefix', 'one'))] });
    expect(await Promise.all([['default.example.com', '/a'], ['default.example.com', '/b'], ['else.where', '/']].map(async ([host = '', path]) => backendOf(await world.ask(host, path))))).toEqual(['one', 'three', 'three']);
    await remove('default');
    await world.until(({ status }) => expect(status).toBe(404), 'else.where');
  });

  test('one that is not there is 503, told by an event, and served when it comes', async () => {
    await declare('lacking', { rules: [rule('lacking.example.com', at('/', 'Prefix', 'late'))] });
    expect((await world.ask('lacking.example.com')).status).toBe(503);
    await eventually(async () => expect(await toldOn('lacking')).toMatch(/Service "default\/late" is not there/));
    await world.backend('late');
    await world.until((answer) => expect(backendOf(answer)).toBe('late'), 'lacking.example.com');
  });

  test('a resource is none', async () => {
    await declare('resource', { rules: [rule('resource.example.com', { path: '/', pathType: 'Prefix', backend: { resource: { kind: 'Bucket', name: 'x' } } })] });
    await eventually(async () => expect(await toldOn('resource')).toMatch(/only Services can be backends/));
  });
});

test('parameters of a class are told as not supported, and its Ingresses are served', async () => {
  const odd = ingressClass();
  world.put({ ...odd, metadata: { name: 'odd' }, spec: { ...odd.spec, parameters: { apiGroup: 'example.com', kind: 'X', name: 'x' } } } as typeof odd);
  await declare('class-parameters', { ingressClassName: 'odd', rules: [rule('class-parameters.example.com', at('/', 'Prefix', 'one'))] });
  await eventually(async () => expect(await toldOn('class-parameters')).toMatch(/IngressClass "odd" has spec\.parameters, which are not supported/));
  expect(backendOf(await world.ask('class-parameters.example.com'))).toBe('one');
});

async function toldOn(name: string): Promise<string> {
  const { items } = await world.client.resource(events).list({ namespace: 'default' });
  return items.filter(({ involvedObject }) => involvedObject.name === name).map(({ message }) => message).join('\n');
}

test('TLS: the Secret is shown for its hosts, which are served over HTTP too', async () => {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue({ dns: ['secure.example.com'] });
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') };
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'secure' }, type: 'kubernetes.io/tls', data };
  world.put(secret);
  await declare('secure', { tls: [{ hosts: ['secure.example.com'], secretName: 'secure' }, { hosts: ['lost.example.com'], secretName: 'lost' }], rules: [rule('secure.example.com', at('/', 'Prefix', 'one'))] });
  const status = await eventually(
    () =>
      new Promise<number>((resolve, reject) => {
        requestHttps({ host: '127.0.0.1', port: httpsPort, servername: 'secure.example.com', headers: { host: 'secure.example.com' }, ca: authority.certificate, agent: false }, (response) => resolve(response.resume().statusCode ?? 0))
          .on('error', reject)
          .end();
      }),
  );
  expect(status).toBe(200);
  expect((await world.ask('secure.example.com')).status).toBe(200);
  expect(await toldOn('secure')).toMatch(/Secret "default\/lost" is not there/);
});

describe('class', () => {
  test('ours by field or by the annotation from before it; others are left alone', async () => {
    await declare('by-field', { rules: [rule('field.example.com', at('/', 'Prefix', 'one'))] });
    const spec: Spec = { rules: [rule('annotation.example.com', at('/', 'Prefix', 'one'))] };
    world.put(anIngress('by-annotation', spec, { annotations: { 'kubernetes.io/ingress.class': 'sluice' } }));
    await world.until(({ status }) => expect(status).toBe(200), 'annotation.example.com');
    world.put(anIngress('foreign', { ingressClassName: 'nginx', rules: [rule('foreign.example.com', at('/', 'Prefix', 'one'))] }), anIngress('classless', { rules: [rule('classless.example.com', at('/', 'Prefix', 'one'))] }));
    await declare('by-field', { rules: [rule('field.example.com', at('/again', 'Prefix', 'one'))] });
    await world.until(({ status }) => expect(status).toBe(200), 'field.example.com', '/again');
    for (const name of ['foreign', 'classless']) {
      expect((await world.ask(`${name}.example.com`)).status).toBe(404);
      expect(await addressesOf(name)).toBeUndefined();
    }
    // Without a class it is the default's, as soon as that is ours.
    world.put(ingressClass({ 'ingressclass.kubernetes.io/is-default-class': 'true' }));
    await world.until(({ status }) => expect(status).toBe(200), 'classless.example.com');
    world.put(ingressClass());
  });
});

test('status: the addresses of gateways', async () => {
  await declare('addresses', { rules: [rule('addresses.example.com', at('/', 'Prefix', 'one'))] });
  expect(await addressesOf('addresses')).toEqual([{ ip: '192.0.2.7' }, { hostname: 'edge.example.net' }]);
});

test('an Ingress and an HTTPRoute share a host by one law', async () => {
  world.put(gatewayClass, aGateway('edge', [http()]), anHttpRoute('shared', [{ matches: [{ path: { value: '/route' } }], backendRefs: [to('two')] }]));
  await declare('shared', { rules: [rule('shared.example.com', at('/', 'Prefix', 'one'))] });
  await world.until((answer) => expect(backendOf(answer)).toBe('two'), 'shared.example.com', '/route/x');
  expect(backendOf(await world.ask('shared.example.com', '/else'))).toBe('one');
});
