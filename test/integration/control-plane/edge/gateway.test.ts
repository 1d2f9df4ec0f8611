/** Gateways, their listeners and who attaches to them; what each says of itself. */
import { createServer as createHttps, request as requestHttps } from 'node:https';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createTestAuthority } from '@sluice/proxy/testing';
import { gatewayClassKind, gatewayKind, grpcRouteKind, httpRouteKind, tcpRouteKind, tlsRouteKind, type Gateway, type GatewayListener, type HttpRoute } from '@sluice/serving';
import type { ResourceKind, Secret } from '@sluice/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { aGateway, aGrant, aGrpcRoute, anHttpRoute, aNamespace, aTcpRoute, aTlsRoute, edgeKinds, gatewayClass, http, to } from './edge-objects.ts';
import { EdgeWorld, freePort, serviceObjects } from './edge-world.ts';

let world: EdgeWorld;
let authority: Awaited<ReturnType<typeof createTestAuthority>>;
let httpsPort = 0;
let morePort = 0;
beforeAll(async () => {
  authority = await createTestAuthority();
  [httpsPort, morePort] = [await freePort(), await freePort()];
  world = await new EdgeWorld({
    kinds: edgeKinds,
    gateway: { externalTlsPort: httpsPort, morePorts: [{ port: 8888, containerPort: morePort }] },
    configServer: { gatewayAddresses: ['192.0.2.7', 'edge.example.net'] },
  }).start();
  world.put(gatewayClass);
  for (const name of ['one', 'two', 'three']) await world.backend(name);
  await world.backend('one', { namespace: 'other' });
});
const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
  await world?.stop();
});

interface Stated {
  readonly conditions: Readonly<Record<string, string>>;
  readonly listeners: Readonly<Record<string, { readonly conditions: Readonly<Record<string, string>>; readonly attachedRoutes: number; readonly kinds: readonly string[] }>>;
  readonly addresses: readonly string[];
}

const inShort = (conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[] = []): Readonly<Record<string, string>> =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));

async function gatewayStatus(name: string): Promise<Stated> {
  const { status } = await world.client.resource(gatewayKind).get({ namespace: 'default', name });
  return {
    conditions: inShort(status?.conditions),
    listeners: Object.fromEntries((status?.listeners ?? []).map((listener) => [listener.name, { conditions: inShort(listener.conditions), attachedRoutes: listener.attachedRoutes, kinds: listener.supportedKinds.map(({ kind }) => kind) }])),
    addresses: (status?.addresses ?? []).map(({ value }) => value),
  };
}

async function routeStatus(name: string, namespace = 'default'): Promise<readonly Readonly<Record<string, string>>[]> {
  const { status } = await world.client.resource(httpRouteKind).get({ namespace, name });
  return (status?.parents ?? []).map(({ conditions }) => inShort(conditions));
}

async function declare(gateway: Gateway, ...routes: HttpRoute[]): Promise<Stated> {
  world.put(gateway, ...routes);
  return eventually(async () => {
    const status = await gatewayStatus(gateway.metadata.name);
    expect(status.conditions['Programmed']).toMatch(/^(True|False)/);
    for (const { metadata } of routes) expect(await routeStatus(metadata.name, metadata.namespace)).not.toEqual([]);
    return status;
  });
}

/** Gateways, and all routes there are. */
async function remove(...names: string[]): Promise<void> {
  const routeKinds: readonly ResourceKind[] = [httpRouteKind, grpcRouteKind, tlsRouteKind, tcpRouteKind];
  for (const kind of routeKinds) {
    for (const { metadata } of (await world.client.resource(kind).list()).items) await world.client.resource(kind).delete({ namespace: metadata.namespace ?? '', name: metadata.name });
  }
  for (const name of names) await world.client.resource(gatewayKind).delete({ namespace: 'default', name });
}

async function secret(name: string, host: string, namespace = 'default'): Promise<Secret> {
  const { certificate, privateKey } = await authority.issue({ dns: [host] });
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'kubernetes.io/tls', data };
}

/** All that the other side says until it ends; empty where it says nothing. */
function saidOver(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    socket.on('data', (piece: Buffer) => (said += piece.toString('utf8')));
    socket.on('error', (error: Error & { code?: string }) => (error.code === 'ECONNRESET' ? resolve(said) : reject(error)));
    socket.on('close', () => resolve(said));
    socket.on('end', () => socket.end());
  });
}

function overHttps(servername: string, host = servername): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    requestHttps({ host: '127.0.0.1', port: httpsPort, servername, headers: { host }, ca: authority.certificate, agent: false }, (response) => {
      let body = '';
      response.on('data', (piece: Buffer) => (body += piece.toString('utf8')));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('a GatewayClass', () => {
  test('of ours is accepted; one of another controller is left alone, and so are its Gateways', async () => {
    world.put({ ...gatewayClass, metadata: { name: 'theirs' }, spec: { controllerName: 'example.com/theirs' } } as typeof gatewayClass, aGateway('theirs', [http()], { gatewayClassName: 'theirs' }));
    await declare(aGateway('edge', [http()]));
    await eventually(async () => expect(inShort((await world.client.resource(gatewayClassKind).get({ name: 'sluice' })).status?.conditions)).toEqual({ Accepted: 'True Accepted' }));
    expect((await world.client.resource(gatewayClassKind).get({ name: 'theirs' })).status).toBeUndefined();
    expect((await world.client.resource(gatewayKind).get({ namespace: 'default', name: 'theirs' })).status).toBeUndefined();
    await remove('edge', 'theirs');
  });

  test('says what of Gateway API holds', async () => {
    await eventually(async () => {
      const { status } = await world.client.resource(gatewayClassKind).get({ name: 'sluice' });
      const names = status?.supportedFeatures?.map(({ name }) => name) ?? [];
      expect(names).toEqual(names.toSorted());
      expect(names).toEqual(expect.arrayContaining(['Gateway', 'HTTPRoute', 'GRPCRoute', 'ReferenceGrant', 'TLSRoute', 'HTTPRouteRequestMirror']));
    });
  });

  test('with parameters is not accepted', async () => {
    const odd = { ...gatewayClass, metadata: { name: 'odd' }, spec: { ...gatewayClass.spec, parametersRef: { group: 'example.com', kind: 'X', name: 'x' } } };
    world.put(odd);
    await eventually(async () => expect(inShort((await world.client.resource(gatewayClassKind).get({ name: 'odd' })).status?.conditions)).toEqual({ Accepted: 'False InvalidParameters' }));
  });
});

describe('a Gateway', () => {
  test('says where it is reached, that gateways have it, and how many routes each listener has', async () => {
    const status = await declare(aGateway('edge', [http()]), anHttpRoute('status', [{ backendRefs: [to('one')] }]));
    expect(status).toEqual({
      conditions: { Accepted: 'True Accepted', Programmed: 'True Programmed' },
      listeners: { http: { conditions: { Accepted: 'True Accepted', Conflicted: 'False NoConflicts', ResolvedRefs: 'True ResolvedRefs', Programmed: 'True Programmed' }, attachedRoutes: 1, kinds: ['HTTPRoute', 'GRPCRoute'] } },
      addresses: ['192.0.2.7', 'edge.example.net'],
    });
    const { status: raw } = await world.client.resource(gatewayKind).get({ namespace: 'default', name: 'edge' });
    expect(raw?.conditions?.every(({ observedGeneration, lastTransitionTime }) => observedGeneration === 1 && lastTransitionTime !== undefined)).toBe(true);
    await remove('edge');
  });

  test.each([
    ['protocol', { protocol: 'UDP' }, { Accepted: 'False UnsupportedProtocol', Programmed: 'False Invalid' }],
    ['port', { port: 1234 }, { Accepted: 'False PortUnavailable', Programmed: 'False Invalid' }],
    ['https-at-80', { protocol: 'HTTPS' }, { Accepted: 'False PortUnavailable' }],
    ['tcp-at-80', { protocol: 'TCP' }, { Accepted: 'False PortUnavailable' }],
    ['tls-options', { port: 443, protocol: 'HTTPS', tls: { options: { 'example.com/ciphers': 'none' } } }, { Accepted: 'False Invalid' }],
    ['kinds', { allowedRoutes: { kinds: [{ kind: 'TCPRoute' }] } }, { Accepted: 'True Accepted', ResolvedRefs: 'False InvalidRouteKinds', Programmed: 'False Invalid' }],
    ['no-certificate', { port: 443, protocol: 'HTTPS' }, { ResolvedRefs: 'False InvalidCertificateRef', Programmed: 'False Invalid' }],
    ['lost-certificate', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'nowhere' }] } }, { ResolvedRefs: 'False InvalidCertificateRef' }],
    ['certificate-kind', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ kind: 'Vault', group: 'x.example.com', name: 'x' }] } }, { ResolvedRefs: 'False InvalidCertificateRef' }],
    ['foreign-certificate', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ namespace: 'other', name: 'x' }] } }, { ResolvedRefs: 'False RefNotPermitted' }],
  ] satisfies [string, Partial<GatewayListener>, Record<string, string>][])('with a listener that cannot be served says why: %s', async (name, listener, expected) => {
    const status = await declare(aGateway(name, [http(listener)]));
    expect(status.listeners['http']?.conditions).toMatchObject(expected);
    expect(status.conditions['Programmed']).toBe('False Invalid');
    await remove(name);
  });

  test('serves its good listeners whatever is wrong with others', async () => {
    const status = await declare(aGateway('edge', [http(), http({ name: 'odd', port: 1234 })]), anHttpRoute('good', [{ backendRefs: [to('one')] }]));
    expect(status.conditions).toEqual({ Accepted: 'True ListenersNotValid', Programmed: 'True Programmed' });
    expect((await world.ask('good.example.com')).status).toBe(200);
    await remove('edge');
  });

  test('has no two listeners of different protocols at one port', async () => {
    const status = await declare(aGateway('conflict', [http({ port: 8888 }), http({ name: 'tls', port: 8888, protocol: 'HTTPS' })]));
    for (const name of ['http', 'tls']) expect(status.listeners[name]?.conditions).toMatchObject({ Conflicted: 'True ProtocolConflict', Accepted: 'False ProtocolConflict' });
    await remove('conflict');
  });

  test('asks for addresses that gateways are not reached at, in vain', async () => {
    const status = await declare(aGateway('address', [http()], { addresses: [{ value: '203.0.113.9' }] }));
    expect(status.conditions).toMatchObject({ Accepted: 'True Accepted', Programmed: 'False AddressNotUsable' });
    const typed = await declare(aGateway('named', [http()], { addresses: [{ type: 'NamedAddress', value: 'x' }] }));
    expect(typed.conditions).toMatchObject({ Accepted: 'False UnsupportedAddress' });
    await remove('address', 'named');
  });

  test('may have a port of its own, which goes with it', async () => {
    await declare(aGateway('own-port', [http({ port: 8888 })]), anHttpRoute('own-port', [{ backendRefs: [to('one')] }], { parents: [{ name: 'own-port' }] }));
    expect((await world.ask('own-port.example.com', '/', { via: 'gateway_8888' })).status).toBe(200);
    expect((await world.ask('own-port.example.com')).status).toBe(404);
    await remove('own-port');
    await eventually(() => expect(() => world.portOf('gateway_8888')).toThrow());
  });
});

describe('HTTPS', () => {
  test('shows the certificate of the name, serves what is attached there and nothing else', async () => {
    world.put(await secret('shop', 'shop.example.com'), await secret('wild', '*.wild.example.com'));
    const tls = (name: string, hostname: string, certificate: string): GatewayListener => ({ name, port: 443, protocol: 'HTTPS', hostname, tls: { mode: 'Terminate', certificateRefs: [{ name: certificate }] } });
    await declare(
      aGateway('edge', [http(), tls('shop', 'shop.example.com', 'shop'), tls('wild', '*.wild.example.com', 'wild')]),
      anHttpRoute('shop', [{ backendRefs: [to('one')] }], { parents: [{ name: 'edge', sectionName: 'shop' }] }),
      anHttpRoute('wild', [{ backendRefs: [to('two')] }], { hostnames: ['a.wild.example.com'], parents: [{ name: 'edge' }] }),
    );
    expect(await eventually(() => overHttps('shop.example.com'))).toMatchObject({ status: 200, body: expect.stringContaining('"one"') });
    expect(await overHttps('a.wild.example.com')).toMatchObject({ status: 200, body: expect.stringContaining('"two"') });
    await expect(overHttps('other.example.com')).rejects.toThrow();
    // The one is attached to HTTPS alone, the other to both.
    expect((await world.ask('shop.example.com')).status).toBe(404);
    expect((await world.ask('a.wild.example.com')).seen?.backend).toBe('two');
    await remove('edge');
  });

  test('takes a certificate of another namespace by a ReferenceGrant', async () => {
    world.put(await secret('theirs', 'granted.example.com', 'other'), aGrant('other', { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default' }, { group: '', kind: 'Secret' }));
    const status = await declare(
      aGateway('granted', [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'theirs', namespace: 'other' }] } }]),
      anHttpRoute('granted', [{ backendRefs: [to('one')] }], { parents: [{ name: 'granted' }] }),
    );
    expect(status.listeners['https']?.conditions).toMatchObject({ ResolvedRefs: 'True ResolvedRefs', Programmed: 'True Programmed' });
    expect(await eventually(() => overHttps('granted.example.com'))).toMatchObject({ status: 200 });
    await remove('granted');
  });
});

describe('TLS that ends behind the gateway', () => {
  test('is handed on by the name that the client asks for, beside what the gateway ends itself', async () => {
    const { certificate, privateKey } = await authority.issue({ dns: ['behind.example.com'] });
    const server = createHttps({ cert: certificate, key: privateKey }, (_, response) => response.end('from behind'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    world.put(...serviceObjects('default', 'behind', { port: 443 }, (server.address() as AddressInfo).port), await secret('front', 'front.example.com'));
    world.put(aTlsRoute('behind', [to('behind', { port: 443 })]), aTlsRoute('lost', [to('nobody', { port: 443 })]));
    const status = await declare(
      aGateway('edge', [
        { name: 'pass', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } },
        { name: 'front', port: 443, protocol: 'HTTPS', hostname: 'front.example.com', tls: { certificateRefs: [{ name: 'front' }] } },
      ]),
      anHttpRoute('front', [{ backendRefs: [to('one')] }]),
    );
    expect(status.listeners['pass']).toMatchObject({ kinds: ['TLSRoute'], attachedRoutes: 2, conditions: { Accepted: 'True Accepted', Programmed: 'True Programmed' } });
    expect(await eventually(() => overHttps('behind.example.com'))).toEqual({ status: 200, body: 'from behind' });
    expect(await overHttps('front.example.com')).toMatchObject({ status: 200, body: expect.stringContaining('"one"') });
    for (const name of ['lost.example.com', 'nobody.example.com']) await expect(overHttps(name)).rejects.toThrow();
    const { status: lost } = await world.client.resource(tlsRouteKind).get({ namespace: 'default', name: 'lost' });
    expect(inShort(lost?.parents?.[0]?.conditions)).toEqual({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' });
    server.close();
    server.closeAllConnections();
    await remove('edge');
  });
});

describe('connections whose bytes are handed on', () => {
  /** Says who it is, and ends. */
  async function program(name: string): Promise<void> {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end(`${name}\n`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => server.close());
    world.put(...serviceObjects('default', name, { port: 9000 }, (server.address() as AddressInfo).port));
  }

  test('TLS ends at the gateway and HTTP is not looked for, beside names of HTTPS', async () => {
    await program('bytes');
    world.put(await secret('ended', 'ended.example.com'), await secret('front', 'front.example.com'), aTlsRoute('ended', [to('bytes', { port: 9000 })]));
    const status = await declare(
      aGateway('edge', [
        { name: 'ended', port: 443, protocol: 'TLS', hostname: 'ended.example.com', tls: { mode: 'Terminate', certificateRefs: [{ name: 'ended' }] } },
        { name: 'front', port: 443, protocol: 'HTTPS', hostname: 'front.example.com', tls: { certificateRefs: [{ name: 'front' }] } },
        { name: 'bare', port: 8888, protocol: 'TLS' },
      ]),
      anHttpRoute('front', [{ backendRefs: [to('one')] }]),
    );
    expect(status.listeners['ended']).toMatchObject({ kinds: ['TLSRoute'], attachedRoutes: 1, conditions: { Programmed: 'True Programmed' } });
    expect(status.listeners['bare']?.conditions).toMatchObject({ ResolvedRefs: 'False InvalidCertificateRef', Programmed: 'False Invalid' });
    expect(await eventually(() => saidOver(connectTls({ host: '127.0.0.1', port: httpsPort, servername: 'ended.example.com', ca: authority.certificate })))).toBe('bytes\n');
    expect(await overHttps('front.example.com')).toMatchObject({ status: 200, body: expect.stringContaining('"one"') });
    await remove('edge');
  });

  test('TCP: the oldest route has a port, in shares; what nobody can have is closed', async () => {
    for (const name of ['left', 'right']) await program(name);
    const settings = { parents: [{ name: 'edge', sectionName: 'tcp' }] };
    world.put(aTcpRoute('late', [to('left', { port: 9000 })], { ...settings, createdAt: '2026-02-02T00:00:00Z' }));
    world.put(aTcpRoute('first', [to('left', { port: 9000 }), to('right', { port: 9000 }), to('nobody', { port: 9000 })], { ...settings, createdAt: '2026-01-01T00:00:00Z' }));
    const status = await declare(aGateway('edge', [http(), { name: 'tcp', port: 8888, protocol: 'TCP' }]));
    expect(status.listeners['tcp']).toMatchObject({ kinds: ['TCPRoute'], attachedRoutes: 1, conditions: { Accepted: 'True Accepted', Programmed: 'True Programmed' } });
    const said = new Set<string>();
    const ask = () => saidOver(connectTcp({ host: '127.0.0.1', port: world.portOf('gateway_8888') }));
    await eventually(async () => expect(await ask()).toBeDefined());
    for (let turn = 0; turn < 60 && said.size < 3; turn += 1) said.add(await ask());
    expect([...said].sort()).toEqual(['', 'left\n', 'right\n']);
    const { status: late } = await world.client.resource(tcpRouteKind).get({ namespace: 'default', name: 'late' });
    expect(inShort(late?.parents?.[0]?.conditions)).toMatchObject({ Accepted: 'False HostnameConflict' });
    const { status: first } = await world.client.resource(tcpRouteKind).get({ namespace: 'default', name: 'first' });
    expect(inShort(first?.parents?.[0]?.conditions)).toEqual({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' });
    await remove('edge');
    await eventually(() => expect(() => world.portOf('gateway_8888')).toThrow());
  });
});

describe('a request on the connection of another listener', () => {
  test('is answered 421, and one for no listener 404; listeners that overlap say so', async () => {
    const names = ['a.mis.example.com', 'b.mis.example.com', '*.mis.example.com'];
    const tls = (name: string, hostname: string): GatewayListener => ({ name, port: 443, protocol: 'HTTPS', hostname, tls: { certificateRefs: [{ name: 'mis' }] } });
    world.put(await secret('mis', '*.mis.example.com'), await secret('alone', 'alone.example.org'));
    const status = await declare(
      aGateway('edge', [...names.map((name, index) => tls(['a', 'b', 'wild'][index] ?? '', name)), { ...tls('alone', 'alone.example.org'), tls: { certificateRefs: [{ name: 'alone' }] } }]),
      anHttpRoute('mis', [{ backendRefs: [to('one')] }], { hostnames: names }),
    );
    const overlapping = Object.entries(status.listeners).filter(([, { conditions }]) => conditions['OverlappingTLSConfig'] === 'True OverlappingHostnames');
    expect(overlapping.map(([name]) => name)).toEqual(['a', 'b', 'wild']);
    const asked = async (servername: string, host: string) => (await overHttps(servername, host)).status;
    expect(await eventually(() => asked('a.mis.example.com', 'a.mis.example.com'))).toBe(200);
    expect(await asked('a.mis.example.com', 'b.mis.example.com')).toBe(421);
    expect(await asked('a.mis.example.com', 'b.mis.example.com:443')).toBe(421);
    expect(await asked('a.mis.example.com', 'c.mis.example.com')).toBe(421);
    expect(await asked('c.mis.example.com', 'a.mis.example.com')).toBe(421);
    expect(await asked('c.mis.example.com', 'd.mis.example.com')).toBe(200);
    expect(await asked('a.mis.example.com', 'nobody.example.net')).toBe(404);
    await remove('edge');
  });
});

describe('a route attaches', () => {
  test('to the listener that it names, by section or by port', async () => {
    await declare(
      aGateway('edge', [http({ name: 'a', hostname: 'a.sections.example.com' }), http({ name: 'b', hostname: 'b.sections.example.com' }), http({ name: 'c', port: 8888 })]),
      anHttpRoute('section', [{ backendRefs: [to('one')] }], { hostnames: [], parents: [{ name: 'edge', sectionName: 'a' }] }),
      anHttpRoute('port', [{ backendRefs: [to('two')] }], { hostnames: [], parents: [{ name: 'edge', port: 8888 }] }),
      anHttpRoute('nowhere', [{ backendRefs: [to('two')] }], { parents: [{ name: 'edge', sectionName: 'z' }] }),
    );
    expect((await world.ask('a.sections.example.com')).seen?.backend).toBe('one');
    expect((await world.ask('b.sections.example.com')).status).toBe(404);
    expect((await world.ask('anything', '/', { via: 'gateway_8888' })).seen?.backend).toBe('two');
    expect(await routeStatus('nowhere')).toEqual([{ Accepted: 'False NoMatchingParent', ResolvedRefs: 'True ResolvedRefs' }]);
    const { listeners } = await gatewayStatus('edge');
    expect(Object.values(listeners).map(({ attachedRoutes }) => attachedRoutes)).toEqual([1, 0, 1]);
    await remove('edge');
  });

  test('where hostnames of both meet, and is told when they do not', async () => {
    const parents = (sectionName: string) => ({ parents: [{ name: 'edge', sectionName }] });
    await declare(
      aGateway('edge', [http({ name: 'wild', hostname: '*.meet.example.com' }), http({ name: 'exact', hostname: 'very.specific.com' })]),
      anHttpRoute('meet', [{ backendRefs: [to('one')] }], { hostnames: ['a.meet.example.com', 'not.here'], ...parents('wild') }),
      anHttpRoute('apart', [{ backendRefs: [to('two')] }], { hostnames: ['not.here'], ...parents('wild') }),
      anHttpRoute('wider', [{ backendRefs: [to('three')] }], { hostnames: ['*.specific.com'], ...parents('exact') }),
    );
    expect((await world.ask('a.meet.example.com')).seen?.backend).toBe('one');
    expect((await world.ask('not.here')).status).toBe(404);
    expect((await world.ask('very.specific.com')).seen?.backend).toBe('three');
    expect((await world.ask('other.specific.com')).status).toBe(404);
    expect(await routeStatus('apart')).toMatchObject([{ Accepted: 'False NoMatchingListenerHostname' }]);
    await remove('edge');
  });

  test('and is not asked where a listener’s hostname is nearer, though nothing is attached there', async () => {
    await declare(
      aGateway('edge', [http({ name: 'all' }), http({ name: 'near', hostname: '*.near.example.com' })]),
      anHttpRoute('isolated', [{ backendRefs: [to('one')] }], { hostnames: [], parents: [{ name: 'edge', sectionName: 'all' }] }),
    );
    expect((await world.ask('far.example.com')).seen?.backend).toBe('one');
    expect((await world.ask('a.near.example.com')).status).toBe(404);
    await remove('edge');
  });

  test('from namespaces that the listener allows: its own, all, those with labels', async () => {
    world.put(aNamespace('other', { team: 'edge' }), aNamespace('default'));
    const from = (name: string, namespaces: NonNullable<GatewayListener['allowedRoutes']>['namespaces'] & object) => http({ name, hostname: `${name}.ns.example.com`, allowedRoutes: { namespaces } });
    const selector = (value: string) => ({ from: 'Selector', selector: { matchLabels: { team: value } } });
    const listeners = [from('same', { from: 'Same' }), from('all', { from: 'All' }), from('team', selector('edge')), from('rival', selector('rival')), from('none', { from: 'None' })];
    await declare(aGateway('edge', listeners), anHttpRoute('far', [{ backendRefs: [to('one')] }], { namespace: 'other', hostnames: [], parents: [{ name: 'edge', namespace: 'default' }] }));
    const { listeners: stated } = await gatewayStatus('edge');
    expect(Object.fromEntries(Object.entries(stated).map(([name, { attachedRoutes }]) => [name, attachedRoutes]))).toEqual({ same: 0, all: 1, team: 1, rival: 0, none: 0 });
    expect((await world.ask('team.ns.example.com')).status).toBe(200);
    world.put(anHttpRoute('barred', [{ backendRefs: [to('one')] }], { namespace: 'other', parents: [{ name: 'edge', namespace: 'default', sectionName: 'same' }] }));
    await eventually(async () => expect(await routeStatus('barred', 'other')).toMatchObject([{ Accepted: 'False NotAllowedByListeners' }]));
    await remove('edge');
  });

  test('of a kind that the listener allows', async () => {
    const status = await declare(aGateway('edge', [http({ allowedRoutes: { kinds: [{ kind: 'GRPCRoute' }] } })]), anHttpRoute('kind', [{ backendRefs: [to('one')] }]));
    expect(status.listeners['http']).toMatchObject({ kinds: ['GRPCRoute'], attachedRoutes: 0 });
    expect(await routeStatus('kind')).toMatchObject([{ Accepted: 'False NotAllowedByListeners' }]);
    await remove('edge');
  });

  test('alone of its kind to a hostname: the older of an HTTPRoute and a GRPCRoute has it', async () => {
    const hostnames = ['kinds.example.com'];
    world.put(aGrpcRoute('grpc', [{ backendRefs: [to('two')] }], { hostnames, createdAt: '2026-01-01T00:00:00Z' }));
    await declare(aGateway('edge', [http()]), anHttpRoute('http', [{ backendRefs: [to('one')] }], { hostnames, createdAt: '2026-02-02T00:00:00Z' }));
    expect(await routeStatus('http')).toMatchObject([{ Accepted: 'False HostnameConflict' }]);
    await remove('edge');
  });
});
