/** BackendTLSPolicies: which Services are spoken to over TLS, whom they must prove to be, and what is said where they do not. */
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ConfigMap } from '@sluice/kubernetes';
import { createTestAuthority } from '@sluice/proxy/testing';
import { backendTlsPolicyKind, httpRouteKind } from '@sluice/serving';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { aBackendTlsPolicy, aGateway, anHttpRoute, edgeKinds, gatewayClass, http, to } from './edge-objects.ts';
import { EdgeWorld, serviceObjects, tells } from './edge-world.ts';

let world: EdgeWorld;
let authority: Awaited<ReturnType<typeof createTestAuthority>>;
/** Names that were asked for. */
const askedFor: (string | false | undefined)[] = [];
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await createTestAuthority();
  world = await new EdgeWorld({ kinds: edgeKinds, configServer: { gatewayAddresses: ['127.0.0.1'] } }).start();
  world.put(gatewayClass, aGateway('edge', [http()]), authorities('authority', authority.certificate));
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await world?.stop();
});

function authorities(name: string, pem: string): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data: { 'ca.crt': pem, other: 'x' } };
}

/** A program that speaks TLS alone, at two ports of its Service, one of them called `secure`. */
async function secured(name: string): Promise<void> {
  const { certificate, privateKey } = await authority.issue({ dns: ['backend.example.com'], uri: ['spiffe://cluster/backend'] });
  const server = createHttps({ cert: certificate, key: privateKey }, (request, response) => {
    askedFor.push((request.socket as { servername?: string | false }).servername);
    tells(name)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const [service, slice] = serviceObjects('default', name, { name: 'secure', port: 443 }, port);
  world.put({ ...service, spec: { ...service.spec, ports: [{ name: 'secure', port: 443 }, { name: 'plain', port: 80 }] } } as typeof service, { ...slice, ports: ['secure', 'plain'].map((portName) => ({ name: portName, port, protocol: 'TCP' })) } as typeof slice);
  world.put(anHttpRoute(name, [{ backendRefs: [to(name, { port: 443 })] }]));
}

const byAuthority = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'authority' }], hostname: 'backend.example.com' };
const statusOf = async (name: string): Promise<number> => (await world.ask(`${name}.example.com`)).status;

async function conditionsOf(name: string): Promise<Readonly<Record<string, string>>> {
  return eventually(async () => {
    const { status } = await world.client.resource(backendTlsPolicyKind).get({ namespace: 'default', name });
    expect(status?.ancestors).toHaveLength(1);
    const [ancestor] = status?.ancestors ?? [];
    expect(ancestor).toMatchObject({ ancestorRef: { kind: 'Gateway', namespace: 'default', name: 'edge' }, controllerName: 'sluice.dev/gateway-controller' });
    expect(ancestor?.conditions.every(({ observedGeneration }) => observedGeneration === 1)).toBe(true);
    return Object.fromEntries((ancestor?.conditions ?? []).map(({ type, status: state, reason }) => [type, `${state} ${reason}`]));
  });
}

test('a Service is spoken to over TLS by the name that its policy gives, and must be vouched for', async () => {
  await secured('good');
  await world.until(({ status }) => expect(status).toBe(503), 'good.example.com');
  world.put(aBackendTlsPolicy('good', {}, byAuthority));
  await world.until(({ seen }) => expect(seen).toMatchObject({ backend: 'good', host: 'good.example.com' }), 'good.example.com');
  expect(askedFor.at(-1)).toBe('backend.example.com');
  expect(await conditionsOf('good')).toEqual({ Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' });
});

test('one that proves to be somebody else, or is vouched for by nobody known, answers nobody', async () => {
  await secured('liar');
  world.put(aBackendTlsPolicy('liar', {}, { ...byAuthority, hostname: 'other.example.com' }));
  await conditionsOf('liar');
  expect(await statusOf('liar')).toBe(503);
  world.put(authorities('stranger', (await createTestAuthority()).certificate), aBackendTlsPolicy('liar', {}, { ...byAuthority, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'stranger' }] }));
  await eventually(async () => expect(await statusOf('liar')).toBe(503));
  world.put(aBackendTlsPolicy('liar', {}, byAuthority));
  await world.until(({ status }) => expect(status).toBe(200), 'liar.example.com');
});

test('subjectAltNames are who it must be, whatever name is asked for', async () => {
  await secured('named');
  world.put(aBackendTlsPolicy('named', {}, { ...byAuthority, hostname: 'any.example.com', subjectAltNames: [{ type: 'Hostname', hostname: 'nobody.example.com' }, { type: 'URI', uri: 'spiffe://cluster/backend' }] }));
  await world.until(({ status }) => expect(status).toBe(200), 'named.example.com');
  expect(askedFor.at(-1)).toBe('any.example.com');
  world.put(aBackendTlsPolicy('named', {}, { ...byAuthority, subjectAltNames: [{ type: 'Hostname', hostname: 'nobody.example.com' }] }));
  await world.until(({ status }) => expect(status).toBe(503), 'named.example.com');
});

test('a policy may be for one port; of two for the same the older counts', async () => {
  await secured('ports');
  world.put(aBackendTlsPolicy('ports', { sectionName: 'plain' }, byAuthority, '2026-01-01T00:00:00Z'), aBackendTlsPolicy('late', { name: 'ports', sectionName: 'plain' }, { ...byAuthority, hostname: 'other.example.com' }, '2026-02-02T00:00:00Z'));
  world.put(anHttpRoute('ports', [{ backendRefs: [to('ports', { port: 443 })] }, { matches: [{ path: { value: '/plain' } }], backendRefs: [to('ports', { port: 80 })] }]));
  await world.until(({ status }) => expect(status).toBe(200), 'ports.example.com', '/plain');
  expect(await statusOf('ports')).toBe(503);
  expect(await conditionsOf('ports')).toMatchObject({ Accepted: 'True Accepted' });
  expect(await conditionsOf('late')).toMatchObject({ Accepted: 'False Conflicted' });
});

test('options that nobody knows are refused', async () => {
  await secured('options');
  const policy = aBackendTlsPolicy('options', {}, byAuthority);
  world.put({ ...policy, spec: { ...policy.spec, options: { 'example.com/ciphers': 'none' } } } as typeof policy);
  expect(await conditionsOf('options')).toEqual({ Accepted: 'False Invalid', ResolvedRefs: 'True ResolvedRefs' });
  expect(await statusOf('options')).toBe(500);
});

test.each([
  ['nobody-there', { ...byAuthority, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'nobody' }] }, { Accepted: 'False NoValidCACertificate', ResolvedRefs: 'False InvalidCACertificateRef' }],
  ['odd-kind', { ...byAuthority, caCertificateRefs: [{ group: '', kind: 'Secret', name: 'authority' }] }, { Accepted: 'False NoValidCACertificate', ResolvedRefs: 'False InvalidKind' }],
  ['well-known', { hostname: 'backend.example.com', wellKnownCACertificates: 'Sluice' }, { Accepted: 'False Invalid', ResolvedRefs: 'True ResolvedRefs' }],
] as const)('a policy that cannot be kept is told, and requests fail: %s', async (name, validation, expected) => {
  await secured(name);
  world.put(aBackendTlsPolicy(name, {}, validation));
  expect(await conditionsOf(name)).toEqual(expected);
  expect(await statusOf(name)).toBe(500);
  const { status } = await world.client.resource(httpRouteKind).get({ namespace: 'default', name });
  expect(status?.parents?.[0]?.conditions.map(({ type, status: state }) => `${type} ${state}`)).toEqual(['Accepted True', 'ResolvedRefs True']);
});
